// SPDX-License-Identifier: GPL-2.0
/*
 * Aliases: second mappings of a namespace, which another module has made by
 * memremap(), ioremap() and its relatives, or vmap(). They are in vmalloc space.
 *
 * An alias is a further range of its domain: it carries the domain's key, writers to
 * it are granted that key, and reports give the address in the namespace. An alias
 * of several namespaces, or of scattered pages, has a range for each contiguous
 * piece. A piece without a key (there are too many, or no memory) stays writable. It
 * is counted in the namespace's file aliases, and logged once.
 *
 * The functions that make a mapping are hooked, and the one function that ends them
 * all. A mapping that is older than the domain is found in the kernel's page tables.
 * A new mapping is first in the page tables, and then looked up in the table of
 * domains. A new domain is first in that table, and then looked for in the page
 * tables. So one of the two finds the other.
 *
 * alias_lock orders the changes. It nests inside pmem_lock, and domain_lock nests
 * inside it. A hook takes it only for a mapping of pmem: a thread that ends another
 * mapping may be in reclaim, and so may the holder of alias_lock. All functions run
 * in process context.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "internal.h"

/* The most pieces with a key: each lookup of a domain passes them all. */
#define ALIAS_RANGES	32

struct alias {
	struct domain *domain;
	unsigned long start;
	unsigned long end;
	unsigned long home;	/* where its first byte is in the domain */
	bool keyed;		/* a range of the domain */
	struct list_head list;
	struct rcu_head rcu;
};

static LIST_HEAD(aliases);
static DEFINE_MUTEX(alias_lock);
static unsigned int nr_keyed;

/*
 * Find the namespace that contains a page frame. Preemption off; if alias_lock is
 * held, the domain stays until that is released.
 * @nr: in: frames to look at; out: frames in that namespace, or in none
 */
static struct domain *alias_domain(unsigned long frame, unsigned long *nr)
{
	const struct domain_table *t = rcu_dereference_sched(domain_table);
	const struct domain_range *r;

	for (r = t->range; r < t->range + t->nr; r++) {
		struct domain *d = r->domain;
		unsigned long first = PHYS_PFN(d->phys);
		unsigned long frames = PHYS_PFN(d->end - d->start);

		if (!d->owner || r->start != d->start || d->aliases_closed)
			continue;
		if (frame - first < frames) {
			*nr = min(*nr, first + frames - frame);
			return d;
		}
		if (first > frame)
			*nr = min(*nr, first - frame);
	}
	return NULL;
}

/* Count a piece without a key. @alias: the piece, to be listed; or NULL */
static void alias_count(struct domain *d, struct alias *alias)
{
	lockdep_assert_held(&alias_lock);
	if (!d->aliases_told)
		pr_warn("%s has a second mapping that can't have its key: a stray write through it is not seen\n",
			d->name);
	d->aliases_told = true;
	WRITE_ONCE(d->aliases, d->aliases + 1);
	if (alias)
		list_add_tail_rcu(&alias->list, &aliases);
}

/* Add a piece of an alias. @area: the first address of its mapping */
static void alias_add(const struct alias *piece, unsigned long area)
{
	struct domain *d = piece->domain;
	struct alias *alias;

	lockdep_assert_held(&alias_lock);
	list_for_each_entry(alias, &aliases, list) {
		if (alias->start == piece->start)
			return;
		/* Without keys left, a mapping is counted once, not by piece. */
		if (!alias->keyed && alias->domain == d &&
		    alias->start >= area && nr_keyed >= ALIAS_RANGES)
			return;
	}
	alias = kmemdup(piece, sizeof(*piece), GFP_KERNEL);
	if (!alias || nr_keyed >= ALIAS_RANGES ||
	    domain_add_range(d, alias->start, alias->end, alias->home)) {
		alias_count(d, alias);
		return;
	}
	alias->keyed = true;
	nr_keyed++;
	list_add_tail_rcu(&alias->list, &aliases);
}

static void alias_del(struct alias *alias)
{
	lockdep_assert_held(&alias_lock);
	if (alias->keyed) {
		domain_del_range(alias->domain, alias->start);
		nr_keyed--;
	} else {
		WRITE_ONCE(alias->domain->aliases, alias->domain->aliases - 1);
	}
	list_del_rcu(&alias->list);
	kfree_rcu(alias, rcu);
}

/*
 * Look at the leaf of an address in vmalloc space.
 * @piece: out: what it maps; domain is NULL if it is no pmem, or in a domain's range
 *
 * Return: false if nothing is mapped.
 */
static bool alias_look(unsigned long addr, unsigned long end,
		       struct alias *piece)
{
	const struct domain_range *r;
	unsigned long frame, nr;
	struct domain *d = NULL;
	bool mapped;

	mapped = keymap_leaf(addr, &frame, &piece->end);
	piece->end = min(piece->end, end);
	piece->start = addr;
	preempt_disable();
	if (mapped && !domain_find(addr, &r)) {
		nr = PHYS_PFN(piece->end - addr);
		d = alias_domain(frame, &nr);
		piece->end = addr + PFN_PHYS(nr);
	}
	if (d)
		piece->home = d->start + PFN_PHYS(frame) - d->phys;
	preempt_enable();
	piece->domain = d;
	return mapped;
}

/*
 * Find and add the aliases in a range: those of @d, or all if it is NULL. Return:
 * whether there are any.
 */
static bool alias_find(unsigned long start, unsigned long end,
		       const struct domain *d)
{
	unsigned long area = start, addr;
	struct alias whole = {}, piece;
	bool found = false, mapped;

	lockdep_assert_held(&alias_lock);
	for (addr = start; addr < end; addr = piece.end) {
		mapped = alias_look(addr, end, &piece);
		if (d && piece.domain != d)
			piece.domain = NULL;
		if (piece.domain && piece.domain == whole.domain &&
		    piece.home - whole.home == addr - whole.start) {
			whole.end = piece.end;
			continue;
		}
		if (whole.domain)
			alias_add(&whole, area);
		whole = piece;
		found |= !!piece.domain;
		/* There is an unmapped page between any two mappings. */
		if (!mapped)
			area = piece.end;
		cond_resched();
	}
	if (whole.domain)
		alias_add(&whole, area);
	return found;
}

/* A mapping was made; its caller has not received it yet. */
static void alias_mapped(unsigned long addr)
{
	const struct vm_struct *area = kernel_find_vm_area((void *)addr);
	unsigned long start, end;
	struct alias piece = {};

	if (!area)
		return;
	start = (unsigned long)area->addr;
	end = start + get_vm_area_size(area);
	/* The page tables are written: read the table of domains after that. */
	smp_mb();
	for (addr = start; addr < end && !piece.domain; addr = piece.end)
		alias_look(addr, end, &piece);
	if (!piece.domain)
		return;
	mutex_lock(&alias_lock);
	alias_find(start, end, NULL);
	mutex_unlock(&alias_lock);
}

static bool alias_is_in(const struct alias *alias, const struct vm_struct *area)
{
	return alias->start - (unsigned long)area->addr < area->size;
}

/* A mapping is about to go. */
static void alias_unmapped(unsigned long addr)
{
	const struct vm_struct *area;
	struct alias *alias, *next;
	bool any = false;

	if (list_empty(&aliases))
		return;
	area = kernel_find_vm_area((void *)addr);
	if (!area)
		return;
	rcu_read_lock();
	list_for_each_entry_rcu(alias, &aliases, list)
		any |= alias_is_in(alias, area);
	rcu_read_unlock();
	if (!any)
		return;
	mutex_lock(&alias_lock);
	list_for_each_entry_safe(alias, next, &aliases, list)
		if (alias_is_in(alias, area))
			alias_del(alias);
	mutex_unlock(&alias_lock);
}

/* In the order of names.h. */
enum { ALIAS_IOREMAP, ALIAS_VMAP_PFN, ALIAS_VMAP, ALIAS_UNMAP };

static struct hook alias_functions[] = { NAMES_ALIAS(HOOK_ROW) };
static_assert(ARRAY_SIZE(alias_functions) == ALIAS_UNMAP + 1);

static struct hook_set alias_hooks =
	HOOK_SET(alias_functions, &alias_trampoline, HOOK_ALIASES);

/* What alias_enter() returns. */
#define TOKEN_MAP	1

/* While the module is loading, before the first namespaces are domains. */
static bool looking = true;

/* Whether vmap() maps a page that may be pmem. Most calls do not. */
static bool alias_may_be(struct page **pages, unsigned long nr)
{
	unsigned long low = ULONG_MAX, high = 0, i;
	const struct domain_range *r;

	if (READ_ONCE(looking))
		return true;
	preempt_disable();
	for (r = rcu_dereference_sched(domain_table)->range; r->domain; r++) {
		const struct domain *d = r->domain;

		if (!d->owner)
			continue;
		low = min(low, PHYS_PFN(d->phys));
		high = max(high, PHYS_PFN(d->phys + d->end - d->start));
	}
	preempt_enable();
	for (i = 0; high && i < nr; i++)
		if (page_to_pfn(pages[i]) - low < high - low)
			return true;
	return false;
}

/**
 * alias_enter() - the trampoline's call before a hooked function
 * @args: the function's arguments: __ioremap_caller(phys, size, mode, caller,
 *	encrypted), vmap_pfn(pfns, nr, prot), vmap(pages, nr, flags, prot), or
 *	remove_vm_area(addr)
 * @ip: the address in the function that the trampoline was called from
 *
 * Context: process context, sleeps if the mapping is an alias.
 * Return: a token for alias_made(); 0 if there is nothing to do after the function.
 */
unsigned long alias_enter(const unsigned long *args, unsigned long ip)
{
	const struct hook *hook = hook_from(&alias_hooks, ip);

	if (!hook)
		return 0;
	switch (hook - alias_functions) {
	case ALIAS_UNMAP:
		alias_unmapped(args[0]);
		/* Without a token, alias_scan() waits for the thread. */
		return 0;
	case ALIAS_VMAP:
		if (!alias_may_be((struct page **)args[0], (u32)args[1]))
			return 0;
	}
	return TOKEN_MAP;
}

/**
 * alias_made() - the trampoline's call after a hooked function
 * @token: what alias_enter() returned
 * @addr: what the function returned: the address of the new mapping, or 0
 *
 * Context: process context, sleeps if the mapping is an alias.
 */
void alias_made(unsigned long token, unsigned long addr)
{
	if (addr)
		alias_mapped(addr);
}

/*
 * Remove the aliases of a domain that are gone by now, or whose end would not be
 * seen: those of vm_map_ram(), which are no vm_struct.
 */
static void alias_check(const struct domain *d)
{
	struct alias *alias, *next;
	unsigned long frame, end;

	lockdep_assert_held(&alias_lock);
	list_for_each_entry_safe(alias, next, &aliases, list)
		if (alias->domain == d &&
		    (!kernel_find_vm_area((void *)alias->start) ||
		     !keymap_leaf(alias->start, &frame, &end) ||
		     PFN_PHYS(frame) != d->phys + alias->home - d->start))
			alias_del(alias);
}

/* Take the key from all aliases of a domain. */
static void alias_give_up(struct domain *d)
{
	struct alias *alias;

	lockdep_assert_held(&alias_lock);
	list_for_each_entry(alias, &aliases, list) {
		if (alias->domain != d || !alias->keyed)
			continue;
		domain_del_range(d, alias->start);
		alias->keyed = false;
		nr_keyed--;
		alias_count(d, NULL);
	}
}

/**
 * alias_scan() - find the aliases that a new domain has already
 * @d: a namespace, in the table of domains and not protected yet
 *
 * On return they are mapped, or their ends will be seen, and no thread is inside a
 * writer without a grant for them. If a signal ended the wait for that, they have no
 * key.
 *
 * Context: process context, sleeps. Cost: a walk of the page tables of vmalloc
 * space.
 */
void alias_scan(struct domain *d)
{
	unsigned int kinds = HOOK_ALIASES;
	bool found, failed;

	mutex_lock(&alias_lock);
	found = alias_find(VMALLOC_START, VMALLOC_END, d);
	mutex_unlock(&alias_lock);
	if (!found)
		return;
	/*
	 * What was found may be on its way out, and its thread have looked at the list
	 * before it was in there. Wait for that thread, without the lock that it may
	 * want. For writers, pmem_init() waits once for all.
	 */
	if (!looking)
		kinds |= HOOK_WRITERS;
	failed = hook_settle(kinds, true);
	mutex_lock(&alias_lock);
	if (failed)
		alias_give_up(d);
	alias_check(d);
	mutex_unlock(&alias_lock);
}

/**
 * alias_drop() - forget the aliases of a domain that ends
 * @d: the domain, still in the table
 *
 * On return the aliases carry no key, and no new ones are found.
 *
 * Context: process context, sleeps.
 */
void alias_drop(struct domain *d)
{
	struct alias *alias, *next;

	mutex_lock(&alias_lock);
	d->aliases_closed = true;
	list_for_each_entry_safe(alias, next, &aliases, list)
		if (alias->domain == d)
			alias_del(alias);
	mutex_unlock(&alias_lock);
}

/**
 * alias_init() - hook the functions that make and end mappings
 *
 * Context: process context, sleeps.
 * Return: 0, or an error of hook_place().
 */
int __init alias_init(void)
{
	return hook_place(&alias_hooks);
}

/**
 * alias_settled() - the namespaces that were there before the module are domains now
 *
 * Context: module init.
 */
void __init alias_settled(void)
{
	WRITE_ONCE(looking, false);
}

/**
 * alias_exit() - undo alias_init()
 *
 * A thread may still be between alias_enter() and alias_made(): hook_drain() waits
 * for it.
 *
 * Context: process context, sleeps.
 */
void alias_exit(void)
{
	hook_remove(&alias_hooks);
}
