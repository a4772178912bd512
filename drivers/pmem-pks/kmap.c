// SPDX-License-Identifier: GPL-2.0
/*
 * The grants of mapped pages, out of line: what the inline functions of
 * linux/pmem_pks.h do not do, which is the first map of a domain in a context, and
 * the end of the last one.
 *
 * Context: any but NMI. Takes no lock, allocates nothing, and shares only the table
 * of domains with other CPUs, which it reads.
 *
 * The first map in a context opens a window (struct pmem_pks_window): a further map
 * of the same domain only counts. While a window is open, a map of another domain is
 * an ordinary grant; so is a map inside a writer.
 *
 * An unmap gets only an address. If all of the map is in one domain, the address
 * tells the key. A map over a domain's edge is noted (struct grant_span). While it
 * lasts, maps that begin in its first page must end in reverse order, as the rules
 * of kmap_local_page() demand of all maps.
 */
#include <linux/kallsyms.h>
#include <linux/mm.h>

#include "internal.h"

/*
 * A map in a context that has a key open already. While the context has a map over
 * an edge, that map's keys are open. So every map that begins in its first page
 * comes here, even if that page is in no domain.
 */
static noinline void kmap_another(const struct domain_range *r,
				  unsigned long addr)
{
	if (r)
		grant_open(r->key, r->mask);
	if (grant_has_spans())
		grant_nest_span(addr);
}

/**
 * pmem_pks_map() - grant a page's domain
 * @addr: the page's address in the direct map; not in the context's window
 *
 * Context: any but NMI.
 */
void pmem_pks_map(const void *addr)
{
	const struct domain_range *r;

	preempt_disable();
	if (!domain_find((unsigned long)addr, &r))
		kmap_another(NULL, (unsigned long)addr);
	else if (!grant_open_window(r->key, r->mask, r->start, r->end))
		kmap_another(r, (unsigned long)addr);
	preempt_enable();
}
EXPORT_SYMBOL_GPL(pmem_pks_map);

/**
 * pmem_pks_map_range() - grant the domains of several pages
 * @addr: the first page's address in the direct map
 * @nr: the number of pages
 *
 * Context: any but NMI.
 */
void pmem_pks_map_range(const void *addr, unsigned int nr)
{
	unsigned long start = (unsigned long)addr & PAGE_MASK;
	unsigned long end = start + nr * PAGE_SIZE;
	const struct domain_range *r;
	u32 keys;

	preempt_disable();
	if (domain_find(start, &r) && likely(end <= r->end)) {
		if (!grant_open_window(r->key, r->mask, r->start, r->end))
			kmap_another(r, start);
	} else {
		keys = domain_keys(start, end);
		if (keys)
			grant_open_span(start, keys);
		else
			kmap_another(NULL, start);
	}
	preempt_enable();
}
EXPORT_SYMBOL_GPL(pmem_pks_map_range);

static noinline void kmap_complain(void *caller)
{
	char name[KSYM_SYMBOL_LEN];

	pr_err_once("kunmap_local() without a kmap_local_page() by %s\n",
		    symbols_name((unsigned long)caller, name));
}

/**
 * pmem_pks_unmap() - end a pmem_pks_map() or pmem_pks_map_range()
 * @addr: an address in the (first) page
 *
 * Context: the context that mapped it.
 */
void pmem_pks_unmap(const void *addr)
{
	const struct domain_range *r;
	bool done = true;

	preempt_disable();
	if (domain_find((unsigned long)addr, &r))
		done = grant_close(r->key, r->mask, (unsigned long)addr);
	else
		grant_close_span((unsigned long)addr);
	preempt_enable();
	if (unlikely(!done))
		kmap_complain(__builtin_return_address(0));
}
EXPORT_SYMBOL_GPL(pmem_pks_unmap);

/* The context has other grants of the window's key. */
static noinline void kunmap_among_others(const void *addr)
{
	grant_drop_window();
	pmem_pks_unmap(addr);
}

/**
 * pmem_pks_unmap_last() - end the last map of the context's window
 * @addr: an address in the page, which is in the window
 *
 * Context: the context that mapped it.
 */
void pmem_pks_unmap_last(const void *addr)
{
	preempt_disable();
	if (unlikely(!grant_close_window()))
		kunmap_among_others(addr);
	preempt_enable();
}
EXPORT_SYMBOL_GPL(pmem_pks_unmap_last);
