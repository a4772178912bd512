/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the two modules of the benchmark share: a row is a file in debugfs, and
 * reading it measures.
 *
 * The unit is the instruction that the guest executes. In QEMU with -icount
 * shift=0 the TSC counts them, one by one.
 */
#ifndef PMEM_PKS_BENCH_H
#define PMEM_PKS_BENCH_H

#include <linux/highmem.h>
#include <linux/types.h>
#include <asm/msr.h>

struct dentry;

/**
 * struct bench_row - something to measure
 * @name: of the file
 * @batch: does it so many times, and returns the instructions of all of them
 * @irqs_off: interrupts are off meanwhile
 *
 * The loops in which it is done cost two instructions a round, which are part
 * of the figures.
 */
struct bench_row {
	const char *name;
	u64 (*batch)(unsigned int times);
	bool irqs_off;
};

/*
 * Nothing is known of a variable or of memory from before, and both are used: so
 * a round of a loop is no cheaper than what it measures is elsewhere.
 */
#define bench_use(var)	({ asm volatile("" : "+r" (var) : : "memory"); })

/*
 * With the kmap_local_page() of who includes this: that of pmem_pks, or the
 * kernel's own, which is the address of the page.
 */
static __always_inline u64 bench_kmap(struct page *page, unsigned int times)
{
	u64 start = rdtsc();
	void *addr;

	do {
		bench_use(page);
		addr = kmap_local_page(page);
		bench_use(addr);
		kunmap_local(addr);
	} while (--times);
	return rdtsc() - start;
}

/* A page of pmem, and one of ordinary memory. */
extern struct page *bench_pmem, *bench_ram;

struct dentry *bench_add(const char *folder, const struct bench_row *rows,
			 unsigned int nr);

/* One interrupt; from the running thread to another and back. */
u64 bench_interrupts(unsigned int times);
u64 bench_round_trips(unsigned int times);

#endif /* PMEM_PKS_BENCH_H */
