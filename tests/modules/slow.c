// SPDX-License-Identifier: GPL-2.0
/*
 * pmem_pks_slow: has things happen slowly, or at a bad moment. It uses nothing of
 * pmem_pks.
 *
 * /dev/pks_slow: a device to be mapped, whose pages come when their page fault is
 * handled. /sys/kernel/debug/pmem_pks_slow/ says how:
 *   fault    "sleep <ms>"; "stray <physical address>": an interrupt of the handler
 *            stores to that place; "busy" until it is set anew; "oops"; "at-once"
 *   faults   how many were begun
 *   storm    "<cpu> <count> <physical address>": so many interrupts on that CPU,
 *            each of which stores there
 *   hold     "<function> <ms> <who>": the next call of the function keeps its CPU
 *            busy for that time, at its beginning. Who is the name of the thread
 *            that calls it; or, of irq_work_single(), the function of the work.
 *   preempt  reading it waits until a writer on CPU 1 has come to pmem_pks's
 *            trampoline, and there is nothing to be done for it: behind its look
 *            for the domain. A reader of a higher priority preempts it there. For
 *            preempt=full, before pmem_pks is loaded, and while something is held.
 *   held     how often one of the last two has begun
 *   pause    "<function>": each call of the function sleeps at its beginning, until
 *            its number is in resumed. Of no more than four arguments.
 *   paused   how many calls have come there
 *   resumed  a number: so many of them go on, in the order in which they came
 *   exits    how many threads have come to do_exit() since, and how many of these
 *            with a protection key open on their CPU: "<all> <open>"
 */
#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/ftrace.h>
#include <linux/io.h>
#include <linux/irq_work.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include <asm/msr.h>

static enum { AT_ONCE, SLEEP, STRAY, BUSY, OOPS } how;
static u64 how_much;
static atomic_t faults;
static u32 held;
static DEFINE_MUTEX(setting);

static noinline void store(u64 place)
{
	*(u64 *)__va(place) = 0x5354524159;
}

/* /dev/pks_slow */

static void store_in_interrupt(struct irq_work *work)
{
	store(how_much);
}

static vm_fault_t slow_fault(struct vm_fault *vmf)
{
	struct irq_work work = IRQ_WORK_INIT_HARD(store_in_interrupt);
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);

	if (!page)
		return VM_FAULT_OOM;
	atomic_inc(&faults);
	switch (READ_ONCE(how)) {
	case SLEEP:
		msleep(how_much);
		break;
	case STRAY:
		irq_work_queue(&work);
		irq_work_sync(&work);
		break;
	case BUSY:
		/* 6.1 waits for RCU tasks before it places a hook. */
		while (READ_ONCE(how) == BUSY)
			cond_resched_tasks_rcu_qs();
		break;
	case OOPS:
		WRITE_ONCE(*(int *)16, 1);
		break;
	case AT_ONCE:
		break;
	}
	vmf->page = page;
	return 0;
}

static const struct vm_operations_struct slow_vm_ops = { .fault = slow_fault };

static int slow_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &slow_vm_ops;
	return 0;
}

static const struct file_operations slow_fops = {
	.owner = THIS_MODULE,
	.mmap = slow_mmap,
};

static struct miscdevice slow_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "pks_slow",
	.fops = &slow_fops,
	.mode = 0666,
};

/* What the files are told */

static char *told(const char __user *from, size_t len, char *text, size_t size)
{
	if (len >= size || copy_from_user(text, from, len))
		return NULL;
	text[len] = '\0';
	return text;
}

static ssize_t fault_write(struct file *file, const char __user *from,
			   size_t len, loff_t *pos)
{
	char text[64], word[16];
	u64 number = 0;

	if (!told(from, len, text, sizeof(text)) ||
	    sscanf(text, "%15s %lli", word, &number) < 1)
		return -EINVAL;
	WRITE_ONCE(how_much, number);
	if (!strcmp(word, "sleep"))
		WRITE_ONCE(how, SLEEP);
	else if (!strcmp(word, "stray"))
		WRITE_ONCE(how, STRAY);
	else if (!strcmp(word, "busy"))
		WRITE_ONCE(how, BUSY);
	else if (!strcmp(word, "oops"))
		WRITE_ONCE(how, OOPS);
	else
		WRITE_ONCE(how, AT_ONCE);
	return len;
}

static const struct file_operations fault_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = fault_write,
};

static void storm_interrupt(void *place)
{
	store((unsigned long)place);
}

static ssize_t storm_write(struct file *file, const char __user *from,
			   size_t len, loff_t *pos)
{
	unsigned int cpu, count, i;
	char text[64];
	u64 place;

	if (!told(from, len, text, sizeof(text)) ||
	    sscanf(text, "%u %u %lli", &cpu, &count, &place) != 3)
		return -EINVAL;
	for (i = 0; i < count; i++) {
		smp_call_function_single(cpu, storm_interrupt,
					 (void *)(unsigned long)place, 1);
		cond_resched();
	}
	return len;
}

static const struct file_operations storm_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = storm_write,
};

/* Held at its beginning */

static char hold_function[64], hold_who[64];
static unsigned int hold_ms;
static bool hold_armed;

static void be_busy(unsigned int ms)
{
	u64 end = ktime_get_mono_fast_ns() + (u64)ms * NSEC_PER_MSEC;

	while (ktime_get_mono_fast_ns() < end)
		cpu_relax();
}

static int hold_hit(struct kprobe *probe, struct pt_regs *regs)
{
	char name[KSYM_SYMBOL_LEN] = "";

	if (!READ_ONCE(hold_armed))
		return 0;
	if (!strcmp(hold_function, "irq_work_single"))
		sprint_symbol(name, (unsigned long)
			      ((struct irq_work *)regs->di)->func);
	else
		strscpy(name, current->comm, sizeof(name));
	if (strncmp(name, hold_who, strlen(hold_who)))
		return 0;
	WRITE_ONCE(hold_armed, false);
	WRITE_ONCE(held, held + 1);
	be_busy(hold_ms);
	return 0;
}

static struct kprobe hold_probe;

static ssize_t hold_write(struct file *file, const char __user *from,
			  size_t len, loff_t *pos)
{
	char text[160];
	int ret = -EINVAL;

	mutex_lock(&setting);
	if (hold_probe.addr)
		unregister_kprobe(&hold_probe);
	memset(&hold_probe, 0, sizeof(hold_probe));
	if (told(from, len, text, sizeof(text)) &&
	    sscanf(text, "%63s %u %63s", hold_function, &hold_ms, hold_who) == 3) {
		hold_probe.symbol_name = hold_function;
		hold_probe.pre_handler = hold_hit;
		hold_armed = true;
		ret = register_kprobe(&hold_probe);
	}
	mutex_unlock(&setting);
	return ret ?: len;
}

static const struct file_operations hold_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = hold_write,
};

/* Asleep at its beginning */

static struct kprobe pause_probe;
static atomic_t paused;
static u32 resumed;

/* Called in place of the function. Goes on behind the call of ftrace's. */
static long pause_call(long a, long b, long c, long d)
{
	long (*go_on)(long a, long b, long c, long d);
	u32 number = atomic_inc_return(&paused);

	go_on = (void *)(pause_probe.addr + MCOUNT_INSN_SIZE);
	while (READ_ONCE(resumed) < number)
		msleep(20);
	return go_on(a, b, c, d);
}

static int pause_hit(struct kprobe *probe, struct pt_regs *regs)
{
	regs->ip = (unsigned long)pause_call;
	return 1;
}

static ssize_t pause_write(struct file *file, const char __user *from,
			   size_t len, loff_t *pos)
{
	static char function[64];
	int ret = -EINVAL;

	mutex_lock(&setting);
	if (!pause_probe.addr &&
	    told(from, len, function, sizeof(function))) {
		pause_probe.symbol_name = strim(function);
		pause_probe.pre_handler = pause_hit;
		ret = register_kprobe(&pause_probe);
		if (ret)
			pause_probe.addr = NULL;
	}
	if (!ret && !kprobe_ftrace(&pause_probe)) {
		unregister_kprobe(&pause_probe);
		pause_probe.addr = NULL;
		ret = -EINVAL;
	}
	mutex_unlock(&setting);
	return ret ?: len;
}

static const struct file_operations pause_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = pause_write,
};

static DECLARE_WAIT_QUEUE_HEAD(preempt_queue);
static struct kprobe preempt_probe;
static bool preempt_wanted, preempt_hit_once;

static void preempt_interrupt(struct irq_work *work)
{
}

static struct irq_work preempt_work = IRQ_WORK_INIT_HARD(preempt_interrupt);

static int preempt_hit(struct kprobe *probe, struct pt_regs *regs)
{
	/* Its destination is in a domain. */
	if (regs->ax || smp_processor_id() != 1 || !READ_ONCE(held) ||
	    READ_ONCE(preempt_hit_once))
		return 0;
	WRITE_ONCE(preempt_hit_once, true);
	WRITE_ONCE(held, held + 1);
	wake_up(&preempt_queue);
	/* At whose end the writer is preempted. */
	irq_work_queue(&preempt_work);
	return 0;
}

/* Behind the trampoline's first call: that of what looks for the domain. */
static int preempt_place(void)
{
	struct kprobe find = { .symbol_name = "writers_dax_trampoline_code" };
	const u8 *insn;
	int ret = register_kprobe(&find);

	if (ret)
		return ret;
	for (insn = (u8 *)find.addr + 5; *insn != 0xe8; insn++)
		;
	preempt_probe.addr = (kprobe_opcode_t *)(insn + 5);
	preempt_probe.pre_handler = preempt_hit;
	unregister_kprobe(&find);
	return register_kprobe(&preempt_probe);
}

static int module_comes(struct notifier_block *nb, unsigned long event,
			void *data)
{
	const struct module *module = data;

	if (event == MODULE_STATE_COMING && preempt_wanted &&
	    !strcmp(module->name, "pmem_pks") && preempt_place())
		pr_err("pmem_pks_slow: no probe in the trampoline\n");
	return NOTIFY_OK;
}

/* Behind that of kprobes, which has to know the module. */
static struct notifier_block module_notifier = {
	.notifier_call = module_comes,
	.priority = -10,
};

static ssize_t preempt_read(struct file *file, char __user *to, size_t len,
			    loff_t *pos)
{
	preempt_wanted = true;
	return wait_event_interruptible(preempt_queue,
					READ_ONCE(preempt_hit_once));
}

static const struct file_operations preempt_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = preempt_read,
};

/* What a thread has open that dies */

#define MSR_PKRS	0x6e1
#define PKRS_CLOSED	0xaaaaaaa8

static atomic_t exits, open_exits;

static int exit_hit(struct kprobe *probe, struct pt_regs *regs)
{
	atomic_inc(&exits);
	if (native_read_msr(MSR_PKRS) != PKRS_CLOSED)
		atomic_inc(&open_exits);
	return 0;
}

static struct kprobe exit_probe = {
	.symbol_name = "do_exit",
	.pre_handler = exit_hit,
};

static int exits_show(struct seq_file *m, void *unused)
{
	seq_printf(m, "%d %d\n", atomic_read(&exits), atomic_read(&open_exits));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(exits);

static struct dentry *folder;

static int __init slow_init(void)
{
	int ret = misc_register(&slow_device);

	if (ret)
		return ret;
	register_module_notifier(&module_notifier);
	register_kprobe(&exit_probe);
	folder = debugfs_create_dir("pmem_pks_slow", NULL);
	debugfs_create_file("fault", 0200, folder, NULL, &fault_fops);
	debugfs_create_file("storm", 0200, folder, NULL, &storm_fops);
	debugfs_create_file("hold", 0200, folder, NULL, &hold_fops);
	debugfs_create_file("preempt", 0400, folder, NULL, &preempt_fops);
	debugfs_create_file("pause", 0200, folder, NULL, &pause_fops);
	debugfs_create_atomic_t("paused", 0400, folder, &paused);
	debugfs_create_u32("resumed", 0600, folder, &resumed);
	debugfs_create_file("exits", 0400, folder, NULL, &exits_fops);
	debugfs_create_atomic_t("faults", 0400, folder, &faults);
	debugfs_create_u32("held", 0400, folder, &held);
	return 0;
}

static void __exit slow_exit(void)
{
	debugfs_remove_recursive(folder);
	unregister_module_notifier(&module_notifier);
	unregister_kprobe(&exit_probe);
	if (preempt_probe.addr)
		unregister_kprobe(&preempt_probe);
	if (hold_probe.addr)
		unregister_kprobe(&hold_probe);
	if (pause_probe.addr)
		unregister_kprobe(&pause_probe);
	misc_deregister(&slow_device);
}

module_init(slow_init);
module_exit(slow_exit);

MODULE_DESCRIPTION("Things that happen slowly, or at a bad moment, for tests");
MODULE_LICENSE("GPL");
