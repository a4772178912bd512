// SPDX-License-Identifier: GPL-2.0
/*
 * bench_bare: what is measured with pmem_pks and without it, on any kernel, and
 * the two other ways of protecting a page. See bench.h.
 *
 * For a virtual machine only: it clears CR0.WP, and calls set_memory_ro() by an
 * address that need not have an ENDBR.
 */
#include <linux/debugfs.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/irq_work.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <asm/msr.h>
#include <asm/processor-flags.h>

#include "bench.h"

/*
 * The timer ticks every four million instructions, and where interrupts are on
 * it would be part of what is measured; so would be the lot of a thread that
 * waits for the processor. So each batch begins just after a tick, when the
 * system has been idle, and is over before the next. Of the few that are
 * disturbed all the same the median of all knows nothing.
 */
#define BATCHES	41
#define TIMES	128
#define IDLE_TICKS	3

static ulong place;
module_param(place, ulong, 0400);
MODULE_PARM_DESC(place, "physical address of a page of pmem whose content is of no value");

struct page *bench_pmem;
EXPORT_SYMBOL_GPL(bench_pmem);
struct page *bench_ram;
EXPORT_SYMBOL_GPL(bench_ram);

static struct dentry *bench_folder;
static int (*set_memory_ro)(unsigned long addr, int pages);
static int (*set_memory_rw)(unsigned long addr, int pages);

static int bench_compare(const void *a, const void *b)
{
	const u64 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* "<median> <least> <most>", of the batches, for one time. */
static int bench_show(struct seq_file *file, void *unused)
{
	const struct bench_row *row = file->private;
	u64 spent[BATCHES];
	int i;

	for (i = 0; i < BATCHES; i++) {
		schedule_timeout_uninterruptible(IDLE_TICKS);
		if (row->irqs_off)
			local_irq_disable();
		spent[i] = row->batch(TIMES);
		if (row->irqs_off)
			local_irq_enable();
	}
	sort(spent, BATCHES, sizeof(spent[0]), bench_compare, NULL);
	seq_printf(file, "%llu %llu %llu\n",
		   DIV_ROUND_CLOSEST_ULL(spent[BATCHES / 2], TIMES),
		   DIV_ROUND_CLOSEST_ULL(spent[0], TIMES),
		   DIV_ROUND_CLOSEST_ULL(spent[BATCHES - 1], TIMES));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(bench);

struct dentry *bench_add(const char *folder, const struct bench_row *rows,
			 unsigned int nr)
{
	struct dentry *dentry = debugfs_create_dir(folder, NULL);
	unsigned int i;

	for (i = 0; i < nr; i++)
		debugfs_create_file(rows[i].name, 0400, dentry,
				    (void *)&rows[i], &bench_fops);
	return dentry;
}
EXPORT_SYMBOL_GPL(bench_add);

/* That the unit is what we think it is: 100 instructions, and the loop's. */
static u64 bench_nops(unsigned int times)
{
	u64 start = rdtsc();

	/* The loop, too: GCC 14 makes one turn of two. */
	asm volatile("1: .rept 100; nop; .endr\n"
		     "dec %0\n"
		     "jnz 1b" : "+r" (times) : : "cc");
	return rdtsc() - start;
}

static u64 bench_ram_inline(unsigned int times)
{
	return bench_kmap(bench_ram, times);
}

/* Eight bytes, so that little but the call is measured. */
static u64 bench_writer(unsigned int times)
{
	void *dst = page_address(bench_pmem);
	u64 src = 0;
	u64 start = rdtsc();

	do {
		__memcpy_flushcache(dst, &src, sizeof(src));
	} while (--times);
	return rdtsc() - start;
}

static void bench_irq_work(struct irq_work *work)
{
}

static struct irq_work bench_work = IRQ_WORK_INIT_HARD(bench_irq_work);

/* An interrupt that the CPU sends to itself, and that is over with the call. */
u64 bench_interrupts(unsigned int times)
{
	u64 start = rdtsc();

	do {
		irq_work_queue(&bench_work);
		while (irq_work_is_busy(&bench_work))
			cpu_relax();
	} while (--times);
	return rdtsc() - start;
}
EXPORT_SYMBOL_GPL(bench_interrupts);

static void bench_wake(struct task_struct *other)
{
	set_current_state(TASK_UNINTERRUPTIBLE);
	wake_up_process(other);
	schedule();
}

static int bench_partner(void *other)
{
	while (!kthread_should_stop())
		bench_wake(other);
	return 0;
}

/*
 * Two threads wake each other and sleep. They are of one real-time priority, so
 * that neither waking preempts, and nothing else runs between them.
 */
u64 bench_round_trips(unsigned int times)
{
	struct task_struct *partner;
	u64 start, spent;

	partner = kthread_create(bench_partner, current, "bench");
	if (IS_ERR(partner))
		return 0;
	sched_set_fifo(current);
	sched_set_fifo(partner);
	bench_wake(partner);
	start = rdtsc();
	do {
		bench_wake(partner);
	} while (--times);
	spent = rdtsc() - start;
	kthread_stop(partner);
	sched_set_normal(current, 0);
	return spent;
}
EXPORT_SYMBOL_GPL(bench_round_trips);

static u64 bench_switch(unsigned int times)
{
	return bench_round_trips(times) / 2;
}

/* The direct map's leaf is of 4 KiB after the first time. */
static u64 bench_set_memory(unsigned int times)
{
	unsigned long addr = (unsigned long)page_address(bench_ram);
	u64 start = rdtsc();

	do {
		set_memory_rw(addr, 1);
		set_memory_ro(addr, 1);
	} while (--times);
	start = rdtsc() - start;
	set_memory_rw(addr, 1);
	return start;
}

/* Interrupts off, or their handlers could write anything. */
static u64 bench_cr0_wp(unsigned int times)
{
	unsigned long cr0, flags;
	u64 start = rdtsc();

	do {
		local_irq_save(flags);
		asm volatile("mov %%cr0, %0" : "=r" (cr0));
		asm volatile("mov %0, %%cr0" : : "r" (cr0 & ~X86_CR0_WP)
			     : "memory");
		asm volatile("mov %%cr0, %0" : "=r" (cr0));
		asm volatile("mov %0, %%cr0" : : "r" (cr0 | X86_CR0_WP)
			     : "memory");
		local_irq_restore(flags);
	} while (--times);
	return rdtsc() - start;
}

static const struct bench_row bench_rows[] = {
	{ "nops", bench_nops, .irqs_off = true },
	{ "ram", bench_ram_inline, .irqs_off = true },
	{ "writer", bench_writer, .irqs_off = true },
	{ "switch", bench_switch },
	{ "round-trip", bench_round_trips },
	{ "interrupt", bench_interrupts },
	{ "set-memory", bench_set_memory },
	{ "cr0-wp", bench_cr0_wp },
};

/* The address of a function that is not exported, from a probe of it. */
static void * __init bench_function(const char *name)
{
	struct kprobe probe = { .symbol_name = name };
	void *addr;

	if (register_kprobe(&probe))
		return NULL;
	addr = probe.addr;
	unregister_kprobe(&probe);
	return addr;
}

static int __init bench_init(void)
{
	set_memory_ro = bench_function("set_memory_ro");
	set_memory_rw = bench_function("set_memory_rw");
	if (!set_memory_ro || !set_memory_rw)
		return -ENOENT;
	if (!pfn_valid(PHYS_PFN(place)))
		return -EINVAL;
	bench_pmem = pfn_to_page(PHYS_PFN(place));
	bench_ram = alloc_page(GFP_KERNEL);
	if (!bench_ram)
		return -ENOMEM;
	bench_folder = bench_add(KBUILD_MODNAME, bench_rows,
				 ARRAY_SIZE(bench_rows));
	return 0;
}

static void __exit bench_exit(void)
{
	debugfs_remove(bench_folder);
	__free_page(bench_ram);
}

module_init(bench_init);
module_exit(bench_exit);
MODULE_DESCRIPTION("Benchmark of pmem_pks: what there is without it as well");
MODULE_LICENSE("GPL");
