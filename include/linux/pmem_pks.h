/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Domains (ranges of the kernel's memory with a key, a name, and counters), and
 * the grant that comes with mapping a page of one.
 *
 * linux/highmem-internal.h beside this file builds kmap_local_page() and its
 * like on pmem_pks_begin() and pmem_pks_end(). Nobody else needs these two.
 */
#ifndef _LINUX_PMEM_PKS_H
#define _LINUX_PMEM_PKS_H

#include <linux/compiler.h>
#include <linux/percpu.h>
#include <linux/types.h>

/* The most pages that kmap_local_range() maps. */
#define PMEM_PKS_MAX_PAGES	512

struct pmem_pks_domain;

/**
 * pmem_pks_domain_add() - make a range a domain
 * @name: what reports call it; copied
 * @key: the caller's key; several domains may share one
 * @start: its first address, page-aligned, in the direct map or vmalloc space
 * @size: its size in bytes, whole pages
 *
 * Puts the key on the range as pks_set_key() does. From now on an access that
 * the key denies is reported under @name and treated as fault_mode says, and
 * kmap_local_page() of its pages grants the key if it is in the direct map. For
 * a range in vmalloc space there is pks_grant().
 *
 * Context: process context, sleeps.
 * Return: the domain, or an error as of pks_set_key(); -EEXIST if a part of the
 * range is in another domain.
 */
struct pmem_pks_domain *pmem_pks_domain_add(const char *name, int key,
					    void *start, size_t size);

/**
 * pmem_pks_domain_del() - end a domain
 * @domain: what pmem_pks_domain_add() returned
 *
 * On return no page of it carries a key.
 *
 * Context: process context, sleeps.
 */
void pmem_pks_domain_del(struct pmem_pks_domain *domain);

/**
 * pmem_pks_domain_strays() - the accesses to a domain that its key denied
 * @domain: the domain
 *
 * Return: their number since the domain was added, reads and writes together.
 */
u64 pmem_pks_domain_strays(const struct pmem_pks_domain *domain);

/* From here on: what kmap_local_page() is made of. */

/*
 * No page below this address is in a domain, nor is one of the range of
 * PMEM_PKS_MAX_PAGES that begins below it. Changes when domains come and go.
 */
extern unsigned long pmem_pks_lowest;

static __always_inline bool pmem_pks_is_below(const void *addr)
{
	/* No READ_ONCE(): a load of its own, where any value will do. */
	return likely((unsigned long)addr < data_race(pmem_pks_lowest));
}

/*
 * A domain that the running context has open: maps of the same one only count.
 * It belongs to the context, as its grants do: switched with the thread, put
 * aside while an interrupt runs. So a check of it followed by a count is right
 * though preemption and interrupts are on (the raw_ accesses below), and no
 * other CPU ever looks at it.
 */
struct pmem_pks_window {
	unsigned long start;
	unsigned long size;	/* 0: none */
	unsigned int nested;	/* maps beyond the one that opened it */
	unsigned int key;
	u32 others;		/* the bits of PKRS that are of other keys */
};

DECLARE_PER_CPU(struct pmem_pks_window, pmem_pks_window);

void pmem_pks_map(const void *addr);
void pmem_pks_map_range(const void *addr, unsigned int nr);
void pmem_pks_unmap(const void *addr);
void pmem_pks_unmap_last(const void *addr);

/* Whether an address of the direct map is in the context's window. */
static __always_inline bool pmem_pks_in_window(const void *addr)
{
	return (unsigned long)addr - raw_cpu_read(pmem_pks_window.start) <
		raw_cpu_read(pmem_pks_window.size);
}

/* Count one of the nested maps off. Return: false if there was none. */
static __always_inline bool pmem_pks_count_off(void)
{
	bool none;

	/* Of C the compiler makes a comparison first. */
	asm volatile("decl %%gs:%1"
		     : "=@ccs" (none), "+m" (pmem_pks_window.nested));
	if (likely(!none))
		return true;
	raw_cpu_inc(pmem_pks_window.nested);
	return false;
}

/**
 * pmem_pks_begin() - grant what mapping a page grants
 * @addr: the page's address in the direct map
 *
 * Context: any but NMI; never fails, never sleeps. Cost: two instructions for a
 * page below every domain, six when its domain is open already, else a call.
 */
static __always_inline void pmem_pks_begin(const void *addr)
{
	if (pmem_pks_is_below(addr))
		return;
	if (pmem_pks_in_window(addr))
		raw_cpu_inc(pmem_pks_window.nested);
	else
		pmem_pks_map(addr);
}

/**
 * pmem_pks_begin_range() - the same for several pages
 * @addr: the first page's address in the direct map
 * @nr: the number of pages, at most PMEM_PKS_MAX_PAGES
 *
 * Opens every domain that the range touches.
 */
static __always_inline void pmem_pks_begin_range(const void *addr,
						 unsigned int nr)
{
	if (!pmem_pks_is_below(addr))
		pmem_pks_map_range(addr, nr);
}

/**
 * pmem_pks_end() - end what pmem_pks_begin() or pmem_pks_begin_range() began
 * @addr: an address in the (first) page
 */
static __always_inline void pmem_pks_end(const void *addr)
{
	if (pmem_pks_is_below(addr))
		return;
	if (!pmem_pks_in_window(addr))
		pmem_pks_unmap(addr);
	else if (!pmem_pks_count_off())
		pmem_pks_unmap_last(addr);
}

#endif /* _LINUX_PMEM_PKS_H */
