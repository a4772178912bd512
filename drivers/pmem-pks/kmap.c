// SPDX-License-Identifier: GPL-2.0
/*
 * What mapping a page grants, where linux/pmem_pks.h's inline part does not do
 * alone: the first map of a domain in a context, and the end of that one.
 *
 * Any context but NMI. No lock, no memory, and nothing that another CPU writes;
 * the table of domains is only read.
 *
 * The first map in a context opens a window (struct pmem_pks_window), in which
 * further maps of that domain only count. A map of another domain meanwhile, or
 * one in a writer, counts like any other grant.
 *
 * A map is ended by its address alone. As long as all of it is in one domain,
 * that tells the key. A map over a domain's edge is noted (struct grant_span),
 * and as long as there is one, maps that begin in its first page end in reverse
 * order, as all should by the rules of kmap_local_page().
 */
#include <linux/kallsyms.h>
#include <linux/mm.h>

#include "internal.h"

/*
 * A map in a context that has something open already. If there is a map over an
 * edge, its keys are open, and each map in its first page comes by here, also
 * one of no domain.
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
		    hook_name_of((unsigned long)caller, name));
}

/**
 * pmem_pks_unmap() - end what pmem_pks_map() or pmem_pks_map_range() granted
 * @addr: an address in the (first) page
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
 * pmem_pks_unmap_last() - end the last map that a window has
 * @addr: an address in the page, which is in the context's window
 */
void pmem_pks_unmap_last(const void *addr)
{
	preempt_disable();
	if (unlikely(!grant_close_window()))
		kunmap_among_others(addr);
	preempt_enable();
}
EXPORT_SYMBOL_GPL(pmem_pks_unmap_last);
