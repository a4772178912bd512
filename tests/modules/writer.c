// SPDX-License-Identifier: GPL-2.0
/*
 * pmem_pks_writer: legitimate writers of pmem that pmem_pks does not know.
 *
 * /sys/kernel/debug/pmem_pks_writer/run: "<shape> <physical address>" calls one
 * of the functions below, which stores to that place of the direct map. Fails
 * with EIO if what the function returns is wrong. It uses nothing of pmem_pks.
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/uaccess.h>
#include <asm/apic.h>
#include <asm/irq_vectors.h>
#include <asm/nmi.h>

#include "writer.h"

noinline struct pair writer_many_arguments(long *dst, long a, long b, long c,
					   long d, long e, long f, long g,
					   long h, long i)
{
	struct pair pair = { a + b + c + d + e + f + g + h + i, i };

	WRITE_ONCE(*dst, pair.sum);
	return pair;
}

noinline void writer_itself(u64 *dst)
{
	WRITE_ONCE(*dst, 1);
}

/* What is called behind each keeps it from being a jump. */
static noinline void store(u64 *dst, int depth)
{
	if (depth > 1)
		store(dst, depth - 1);
	else
		WRITE_ONCE(*dst, depth);
	barrier();
}

noinline void writer_three_deep(u64 *dst)
{
	store(dst, 3);
	barrier();
}

noinline void writer_six_deep(u64 *dst)
{
	store(dst, 6);
	barrier();
}

noinline void writer_in_nmi(u64 *dst)
{
	WRITE_ONCE(*dst, 1);
}

static u64 *nmi_dst;

static int writer_nmi(unsigned int type, struct pt_regs *regs)
{
	if (!nmi_dst)
		return NMI_DONE;
	writer_in_nmi(nmi_dst);
	nmi_dst = NULL;
	return NMI_HANDLED;
}

/* Call writer_in_nmi() from an NMI on this CPU. */
static int writer_by_nmi(u64 *dst)
{
	int ret = register_nmi_handler(NMI_LOCAL, writer_nmi, 0, "writer");

	if (ret)
		return ret;
	preempt_disable();
	WRITE_ONCE(nmi_dst, dst);
	apic->send_IPI_mask(cpumask_of(smp_processor_id()), NMI_VECTOR);
	while (READ_ONCE(nmi_dst))
		cpu_relax();
	preempt_enable();
	unregister_nmi_handler(NMI_LOCAL, "writer");
	return 0;
}

noinline void writer_after_sleep(u64 *dst)
{
	msleep(3000);
	WRITE_ONCE(*dst, 1);
}

static ssize_t run_write(struct file *file, const char __user *from, size_t len,
			 loff_t *pos)
{
	char text[64], shape[32];
	struct pair pair;
	u64 place;
	void *dst;

	if (len >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, from, len))
		return -EFAULT;
	text[len] = '\0';
	if (sscanf(text, "%31s %lli", shape, &place) != 2)
		return -EINVAL;
	dst = __va(place);
	if (!strcmp(shape, "itself")) {
		writer_itself(dst);
	} else if (!strcmp(shape, "three_deep")) {
		writer_three_deep(dst);
	} else if (!strcmp(shape, "six_deep")) {
		writer_six_deep(dst);
	} else if (!strcmp(shape, "after_sleep")) {
		writer_after_sleep(dst);
	} else if (!strcmp(shape, "in_nmi")) {
		int ret = writer_by_nmi(dst);

		if (ret)
			return ret;
	} else if (!strcmp(shape, "many_arguments")) {
		pair = writer_many_arguments(dst, 1, 20, 300, 4000, 50000,
					     600000, 7000000, 80000000,
					     900000000);
		if (*(long *)dst != 987654321 || pair.sum != 987654321 ||
		    pair.last != 900000000)
			return -EIO;
	} else {
		return -EINVAL;
	}
	return len;
}

static const struct file_operations run_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = run_write,
};

static struct dentry *folder;

static int __init writer_init(void)
{
	folder = debugfs_create_dir("pmem_pks_writer", NULL);
	debugfs_create_file("run", 0200, folder, NULL, &run_fops);
	return 0;
}

static void __exit writer_exit(void)
{
	debugfs_remove_recursive(folder);
}

module_init(writer_init);
module_exit(writer_exit);

MODULE_DESCRIPTION("Writers of pmem that pmem_pks does not know, for tests");
MODULE_LICENSE("GPL");
