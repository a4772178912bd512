/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Domains (ranges of the kernel's memory with a key, a name, and counters), and
 * the grant that comes with a map of one of their pages.
 *
 * linux/highmem-internal.h, in this directory, builds kmap_local_page() and its
 * relatives on pmem_pks_begin() and pmem_pks_end(). No other code needs these two.
 */
#ifndef _LINUX_PMEM_PKS_H
#define _LINUX_PMEM_PKS_H

#include <linux/compiler.h>
#include <linux/percpu.h>
#include <linux/types.h>

/* The most pages that one kmap_local_range() maps. */
#define PMEM_PKS_MAX_PAGES	512

struct pmem_pks_domain;

/**
 * pmem_pks_domain_add() - make a range a domain
 * @name: the domain's name in reports; copied
 * @key: the caller's key; several domains may share one
 * @start: first address, page-aligned, in the direct map or in vmalloc space
 * @size: size in bytes, whole pages
 *
 * Puts the key on the range as pks_set_key() does. From now on an access that
 * the key denies is reported under @name and handled as fault_mode says. If the
 * range is in the direct map, kmap_local_page() of its pages grants the key. For
 * a range in vmalloc space use pks_grant().
 *
 * Context: process context, sleeps.
 * Return: the domain, or an ERR_PTR() with an error of pks_set_key(); -EEXIST if
 * a part of the range is in another domain.
 */
struct pmem_pks_domain *pmem_pks_domain_add(const char *name, int key,
					    void *start, size_t size);

/**
 * pmem_pks_domain_del() - end a domain
 * @domain: what pmem_pks_domain_add() returned
 *
 * On return no page of the domain carries a key.
 *
 * Context: process context, sleeps.
 */
void pmem_pks_domain_del(struct pmem_pks_domain *domain);

/**
 * pmem_pks_domain_strays() - count the accesses that a domain's key denied
 * @domain: the domain
 *
 * Context: any.
 * Return: stray reads and writes together, since the domain was added.
 */
u64 pmem_pks_domain_strays(const struct pmem_pks_domain *domain);

/* The rest of this file implements kmap_local_page(). */

/*
 * A range of PMEM_PKS_MAX_PAGES that begins below this address touches no domain.
 * Changes when domains come and go.
 */
extern unsigned long pmem_pks_lowest;

/**
 * pmem_pks_is_below() - check quickly that a page is in no domain
 * @addr: an address in the direct map
 *
 * Context: any. Cost: two instructions.
 * Return: true if a range of up to PMEM_PKS_MAX_PAGES from @addr touches no domain.
 */
static __always_inline bool pmem_pks_is_below(const void *addr)
{
	/*
	 * READ_ONCE() would need a separate load. Old and new value are both right.
	 */
	return likely((unsigned long)addr < data_race(pmem_pks_lowest));
}

/*
 * A domain that the running context has open: a further map of it only counts.
 * The window belongs to the context, as its grants do: it is switched with the
 * thread, and put aside while an interrupt runs. So the raw_ accesses below may
 * check it and then count, with preemption and interrupts on. No other CPU ever
 * looks at it.
 */
struct pmem_pks_window {
	unsigned long start;
	unsigned long size;	/* 0: none */
	unsigned int nested;	/* maps after the one that opened it */
	unsigned int key;
	u32 others;		/* PKRS bits of all other keys */
};

DECLARE_PER_CPU(struct pmem_pks_window, pmem_pks_window);

void pmem_pks_map(const void *addr);
void pmem_pks_map_range(const void *addr, unsigned int nr);
void pmem_pks_unmap(const void *addr);
void pmem_pks_unmap_last(const void *addr);

/**
 * pmem_pks_in_window() - check whether an address is in the context's window
 * @addr: an address in the direct map
 *
 * Context: any but NMI.
 * Return: whether it is.
 */
static __always_inline bool pmem_pks_in_window(const void *addr)
{
	return (unsigned long)addr - raw_cpu_read(pmem_pks_window.start) <
		raw_cpu_read(pmem_pks_window.size);
}

/**
 * pmem_pks_count_off() - take one from the nested maps of the context's window
 *
 * Context: any but NMI.
 * Return: false, and nothing is changed, if there was no nested map.
 */
static __always_inline bool pmem_pks_count_off(void)
{
	bool none;

	/* In C, the compiler would add a comparison. */
	asm volatile("decl %%gs:%1"
		     : "=@ccs" (none), "+m" (pmem_pks_window.nested));
	if (likely(!none))
		return true;
	raw_cpu_inc(pmem_pks_window.nested);
	return false;
}

/**
 * pmem_pks_begin() - grant the domain of a page that is mapped, if it has one
 * @addr: the page's address in the direct map
 *
 * Context: any but NMI; never fails, never sleeps. Cost: two instructions for a
 * page below every domain, six if its domain is the window, otherwise a call.
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
 * pmem_pks_begin_range() - pmem_pks_begin() for several pages
 * @addr: the first page's address in the direct map
 * @nr: the number of pages, at most PMEM_PKS_MAX_PAGES
 *
 * Grants every domain that the range touches.
 *
 * Context: any but NMI; never fails, never sleeps. Cost: two instructions for a
 * range below every domain, otherwise a call.
 */
static __always_inline void pmem_pks_begin_range(const void *addr,
						 unsigned int nr)
{
	if (!pmem_pks_is_below(addr))
		pmem_pks_map_range(addr, nr);
}

/**
 * pmem_pks_end() - end a pmem_pks_begin() or pmem_pks_begin_range()
 * @addr: an address in the (first) page
 *
 * Context: the context that began it; never sleeps. Cost: as pmem_pks_begin().
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
