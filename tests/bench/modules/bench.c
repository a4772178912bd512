// SPDX-License-Identifier: GPL-2.0
/*
 * bench: the cost of mapping a page, with the kmap_local_page() of pmem_pks,
 * what an interrupt and a context switch cost while a page of pmem is mapped, and
 * what a stray write and a pinned one cost. See bench.h.
 */
#include <linux/debugfs.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <asm/msr.h>

#include "bench.h"

#define RANGE	4

#ifndef MSR_IA32_PKRS
#define MSR_IA32_PKRS	0x000006e1
#endif

static struct dentry *bench_folder, *stray_folder, *pinned_folder;

static u64 bench_kmap_pmem(unsigned int times)
{
	return bench_kmap(bench_pmem, times);
}

/* A map around each nested one, which is the first in it. */
static u64 bench_kmap_two(unsigned int times)
{
	struct page *page = bench_pmem;
	u64 start = rdtsc();
	void *outer, *inner;

	do {
		bench_use(page);
		outer = kmap_local_page(page);
		bench_use(page);
		inner = kmap_local_page(page);
		bench_use(inner);
		kunmap_local(inner);
		bench_use(outer);
		kunmap_local(outer);
	} while (--times);
	return rdtsc() - start;
}

/* A map around all of them. */
static u64 bench_kmap_nested(unsigned int times)
{
	void *addr = kmap_local_page(bench_pmem);
	u64 spent = bench_kmap(bench_pmem, times);

	kunmap_local(addr);
	return spent;
}

static u64 bench_kmap_ram(unsigned int times)
{
	return bench_kmap(bench_ram, times);
}

static u64 bench_kmap_range(unsigned int times)
{
	struct page *page = bench_pmem;
	u64 start = rdtsc();
	void *addr;

	do {
		bench_use(page);
		addr = kmap_local_range(page, RANGE);
		bench_use(addr);
		kunmap_local(addr);
	} while (--times);
	return rdtsc() - start;
}

static u64 bench_granted_interrupts(unsigned int times)
{
	void *addr = kmap_local_page(bench_pmem);
	u64 spent = bench_interrupts(times);

	kunmap_local(addr);
	return spent;
}

static u64 bench_granted_round_trips(unsigned int times)
{
	void *addr = kmap_local_page(bench_pmem);
	u64 spent = bench_round_trips(times);

	kunmap_local(addr);
	return spent;
}

static u64 bench_strays(unsigned int times)
{
	u64 *place = page_address(bench_pmem);
	u64 start = rdtsc();

	do {
		WRITE_ONCE(*place, times);
	} while (--times);
	return rdtsc() - start;
}

static const struct bench_row bench_rows[] = {
	{ "kmap", bench_kmap_pmem, .irqs_off = true },
	{ "two", bench_kmap_two, .irqs_off = true },
	{ "nested", bench_kmap_nested, .irqs_off = true },
	{ "ram", bench_kmap_ram, .irqs_off = true },
	{ "range", bench_kmap_range, .irqs_off = true },
	{ "interrupt", bench_granted_interrupts },
	{ "round-trip", bench_granted_round_trips },
};

/* Somebody holds the page meanwhile. */
static u64 bench_pinned_row(unsigned int times)
{
	u64 *place = page_address(bench_pmem);
	unsigned int i = 0;
	u64 start, spent;

	get_page(bench_pmem);
	start = rdtsc();
	do {
		WRITE_ONCE(place[i++ % (PAGE_SIZE / sizeof(u64))], times);
	} while (--times);
	spent = rdtsc() - start;
	put_page(bench_pmem);
	return spent;
}

static u64 bench_pkrs(void)
{
	u64 pkrs;

	rdmsrl(MSR_IA32_PKRS, pkrs);
	return pkrs;
}

/* Until it closes by itself: one tick in some hundred comes before. */
static u64 bench_pinned_window(unsigned int times)
{
	u64 *place = page_address(bench_pmem), closed = bench_pkrs();
	u64 start, spent = 0;
	unsigned int i;

	get_page(bench_pmem);
	for (i = 0; i < times; i++) {
		do {
			start = rdtsc();
			WRITE_ONCE(*place, i);
		} while (bench_pkrs() == closed);
		while (bench_pkrs() != closed)
			cpu_relax();
		spent += rdtsc() - start;
	}
	put_page(bench_pmem);
	return spent;
}

static const struct bench_row pinned_rows[] = {
	{ "row", bench_pinned_row },
	{ "each", bench_pinned_row, .irqs_off = true },
	{ "window", bench_pinned_window },
};

/* Apart from those that make no stray write. */
static const struct bench_row stray_rows[] = {
	{ "store", bench_strays },
};

static int __init bench_init(void)
{
	bench_folder = bench_add(KBUILD_MODNAME, bench_rows,
				 ARRAY_SIZE(bench_rows));
	stray_folder = bench_add("stray_bench", stray_rows,
				 ARRAY_SIZE(stray_rows));
	pinned_folder = bench_add("bench_pinned", pinned_rows,
				  ARRAY_SIZE(pinned_rows));
	return 0;
}

static void __exit bench_exit(void)
{
	debugfs_remove(pinned_folder);
	debugfs_remove(stray_folder);
	debugfs_remove(bench_folder);
}

module_init(bench_init);
module_exit(bench_exit);
MODULE_DESCRIPTION("Benchmark of pmem_pks: mapping a page");
MODULE_LICENSE("GPL");
