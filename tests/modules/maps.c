// SPDX-License-Identifier: GPL-2.0
/*
 * pmem_pks_maps: runs the scenarios on a stock kernel, in the mode relaxed.
 *
 * /sys/kernel/debug/pmem_pks_maps/
 *   run    reading it runs them all, and gives a line "ok - ..." or
 *          "not ok - ..." for each promise
 *   fault  a file to be mapped: a page fault on it looks at what is open, writes
 *          to the domain without a map, then with one, and sleeps
 *   copy   what is written is copied to the domain under a map; to be written
 *          from memory that maps "fault"
 *   die    writing it maps a page of one domain, sleeps, and writes to the other
 *          one: in the mode strict the thread dies with its map
 *   said   what "fault" and "copy" found, in such lines, and forgets it
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include "scenarios.h"

struct told {
	struct scenario_run run;
	struct seq_file *m;
	const char *scenario;
};

static void tell(struct scenario_run *run, bool holds, const char *what)
{
	struct told *told = container_of(run, struct told, run);

	seq_printf(told->m, "%sok - %s: %s\n", holds ? "" : "not ",
		   told->scenario, what);
}

static int run_show(struct seq_file *m, void *unused)
{
	struct told told = { .run.told = tell, .m = m };
	unsigned int i;

	for (i = 0; i < nr_scenarios; i++) {
		told.scenario = scenarios[i].name;
		scenarios[i].func(&told.run);
	}
	return 0;
}

static int run_open(struct inode *inode, struct file *file)
{
	return single_open_size(file, run_show, NULL, 1 << 17);
}

static const struct file_operations run_fops = {
	.owner = THIS_MODULE,
	.open = run_open,
	.read = seq_read,
	.release = single_release,
};

/* What the two other files found: how often each promise was kept, and not. */

static const char * const promises[] = {
	"a fault's handler in a window starts closed",
	"a stray write of the handler is caught",
	"the handler may map, sleep, and write",
	"the handler is closed when it has unmapped",
	"the window is there again behind the fault",
	"the write behind the fault is no stray one",
	"all is closed in the end",
	"a stray write after that is caught",
};

static unsigned int kept[ARRAY_SIZE(promises)], broken[ARRAY_SIZE(promises)];
static DEFINE_MUTEX(said_lock);

static void promise(unsigned int which, bool holds)
{
	mutex_lock(&said_lock);
	if (holds)
		kept[which]++;
	else
		broken[which]++;
	mutex_unlock(&said_lock);
}

static int said_show(struct seq_file *m, void *unused)
{
	unsigned int i;

	mutex_lock(&said_lock);
	for (i = 0; i < ARRAY_SIZE(promises); i++) {
		seq_printf(m, "%sok - %s (%u of %u times)\n",
			   kept[i] && !broken[i] ? "" : "not ", promises[i],
			   kept[i], kept[i] + broken[i]);
		kept[i] = 0;
		broken[i] = 0;
	}
	mutex_unlock(&said_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(said);

/* In a page fault that interrupted a copy under a map. */
static vm_fault_t fault_in_window(struct vm_fault *vmf)
{
	struct page *page = scenarios_page(PAGE_A);
	u64 *word = page_address(page);
	unsigned int before;
	void *addr;

	promise(0, !scenarios_open());
	before = scenarios_strays();
	WRITE_ONCE(word[8], 1);
	promise(1, scenarios_strays() == before + 1);

	before = scenarios_strays();
	addr = kmap_local_page(page);
	WRITE_ONCE(word[8], 2);
	msleep(20);
	WRITE_ONCE(word[8], 3);
	kunmap_local(addr);
	promise(2, scenarios_strays() == before);
	promise(3, !scenarios_open());

	page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!page)
		return VM_FAULT_OOM;
	vmf->page = page;
	return 0;
}

static const struct vm_operations_struct fault_vm_ops = {
	.fault = fault_in_window,
};

static int fault_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &fault_vm_ops;
	return 0;
}

static const struct file_operations fault_fops = {
	.owner = THIS_MODULE,
	.mmap = fault_mmap,
};

/*
 * What comes next behind the fault: the copy's own store; a map of the other
 * domain and then a store; the maps' end.
 */
static ssize_t copy_write(struct file *file, const char __user *from,
			  size_t len, loff_t *pos)
{
	struct page *page = scenarios_page(PAGE_A);
	char *addr, *nested, *other = NULL;
	unsigned int before;
	static atomic_t calls;
	unsigned int next = atomic_inc_return(&calls) % 3;
	size_t i, left = 0;
	char byte;

	if (len > PAGE_SIZE / 2)
		return -EINVAL;
	addr = kmap_local_page(page);
	nested = kmap_local_page(page);
	for (i = 0; i < len && !left; i++)
		left = next ? get_user(byte, from + i) :
			copy_from_user(addr + PAGE_SIZE / 2 + i, from + i, 1);
	if (next == 1)
		other = kmap_local_page(scenarios_page(PAGE_B));
	if (next != 2) {
		before = scenarios_strays();
		WRITE_ONCE(*addr, 4);
		promise(4, scenarios_open());
		promise(5, scenarios_strays() == before);
	}
	if (other)
		kunmap_local(other);
	kunmap_local(addr);
	kunmap_local(nested);
	promise(6, !scenarios_open());
	before = scenarios_strays();
	WRITE_ONCE(*addr, 5);
	promise(7, scenarios_strays() == before + 1);
	return left ? -EFAULT : len;
}

static const struct file_operations copy_fops = {
	.owner = THIS_MODULE,
	.write = copy_write,
};

static ssize_t die_write(struct file *file, const char __user *from,
			 size_t len, loff_t *pos)
{
	void *addr = kmap_local_page(scenarios_page(PAGE_A));

	msleep(20);
	WRITE_ONCE(*(u64 *)page_address(scenarios_page(PAGE_B)), 1);
	kunmap_local(addr);
	return len;
}

static const struct file_operations die_fops = {
	.owner = THIS_MODULE,
	.write = die_write,
};

static struct dentry *dir;

static int __init maps_init(void)
{
	int ret = scenarios_begin();

	if (ret)
		return ret;
	dir = debugfs_create_dir("pmem_pks_maps", NULL);
	debugfs_create_file("run", 0400, dir, NULL, &run_fops);
	/* Not by debugfs' proxies, which map nothing, and wait for the dead. */
	debugfs_create_file_unsafe("fault", 0600, dir, NULL, &fault_fops);
	debugfs_create_file("copy", 0200, dir, NULL, &copy_fops);
	debugfs_create_file_unsafe("die", 0200, dir, NULL, &die_fops);
	debugfs_create_file("said", 0400, dir, NULL, &said_fops);
	return 0;
}

static void __exit maps_exit(void)
{
	debugfs_remove_recursive(dir);
	scenarios_end();
}

module_init(maps_init);
module_exit(maps_exit);

MODULE_DESCRIPTION("Maps and grants of pmem_pks, put to the test");
MODULE_LICENSE("GPL");
