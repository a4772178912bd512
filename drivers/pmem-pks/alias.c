// SPDX-License-Identifier: GPL-2.0
/*
 * Aliases: second mappings of a namespace, which somebody has made by memremap(),
 * ioremap() and its like, or vmap(). They are in vmalloc space.
 *
 * An alias is a further range of its domain: it carries the domain's key, its
 * writers are granted that, and reports say where in the namespace it is. An
 * alias of several namespaces, or of scattered pages, has a range for each piece.
 * Where a piece can't have the key (there are too many, or no memory), nobody is
 * harmed: it is counted in "aliases" of the namespace, and said once in the log.
 *
 * The functions that make a mapping are hooked, and the one that all of them end
 * in. What was mapped before the namespace became a domain is found in the
 * kernel's page tables. Each new mapping is looked for in the table of domains
 * after it is in the page tables; each new domain is in the table before it is
 * looked for in the page tables. So one of the two finds it.
 *
 * alias_lock orders the changes; it nests in pmem.c's lock, and domain.c's nests in
 * it. A hook takes it only for a mapping of pmem: the thread may be in reclaim,
 * which whoever holds the lock may have come to as well. All is process context.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "internal.h"

/* Pieces that have the key: who writes looks through all of them. */
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
static unsigned long find_area;

/*
 * The namespace that holds a frame, or NULL. Preemption off; with alias_lock held
 * the domain stays until that is let go.
 * @nr: in: frames from there on; out: how many are of that one, or of none
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

/* alias_lock held. One that has no key; @alias is NULL if it is not to be listed. */
static void alias_count(struct domain *d, struct alias *alias)
{
	if (!d->aliases_told)
		pr_warn("%s has a second mapping that can't have its key: a stray write through it is not seen\n",
			d->name);
	d->aliases_told = true;
	WRITE_ONCE(d->aliases, d->aliases + 1);
	if (alias)
		list_add_tail_rcu(&alias->list, &aliases);
}

/* alias_lock held. @area: where the mapping begins that the piece is of. */
static void alias_add(const struct alias *piece, unsigned long area)
{
	struct domain *d = piece->domain;
	struct alias *alias;

	list_for_each_entry(alias, &aliases, list) {
		if (alias->start == piece->start)
			return;
		/* A mapping counts once. */
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

/* alias_lock held. */
static void alias_del(struct alias *alias)
{
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
 * What an address of vmalloc space maps.
 * @piece: out: that, if it is pmem and in no domain's ranges; domain is NULL
 *	   otherwise
 *
 * Return: false where nothing is mapped.
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

/* alias_lock held. Return: whether there are aliases of a domain in a range. */
static bool alias_find(unsigned long start, unsigned long end,
		       const struct domain *d)
{
	unsigned long area = start, addr;
	struct alias whole = {}, piece;
	bool found = false, mapped;

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
		/* There is one between any two mappings. */
		if (!mapped)
			area = piece.end;
		cond_resched();
	}
	if (whole.domain)
		alias_add(&whole, area);
	return found;
}

static struct vm_struct *alias_area(unsigned long addr)
{
	return (struct vm_struct *)hook_call(find_area, addr, 0, 0, 0);
}

/* A mapping was made: its maker has not got it yet. */
static void alias_mapped(unsigned long addr)
{
	const struct vm_struct *area = alias_area(addr);
	unsigned long start, end;
	struct alias piece = {};

	if (!area)
		return;
	start = (unsigned long)area->addr;
	end = start + get_vm_area_size(area);
	/* Its page tables are written; the domains are looked at from now on. */
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
	area = alias_area(addr);
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

enum { ALIAS_IOREMAP, ALIAS_VMAP_PFN, ALIAS_VMAP, ALIAS_UNMAP };

static struct hook alias_functions[] = {
	[ALIAS_IOREMAP] = {
		.name = "__ioremap_caller",
		.alias = "__ioremap_caller.constprop.0"
	},
	[ALIAS_VMAP_PFN] = { .name = "vmap_pfn", .optional = true },
	[ALIAS_VMAP] = { .name = "vmap" },
	[ALIAS_UNMAP] = { .name = "remove_vm_area" },
};

static struct hook_set alias_hooks = {
	.hooks = alias_functions,
	.nr = ARRAY_SIZE(alias_functions),
	.trampoline = (unsigned long)hook_alias_trampoline,
	.kind = HOOK_MAPPINGS,
};

/* What alias_enter() returns. */
enum { TOKEN_MAP = 1, TOKEN_UNMAP };

/* Until the namespaces that were there first are domains, all are looked at. */
static bool looking = true;

/* Whether vmap() is to map a page that may be pmem. Most never are. */
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

/*
 * Before __ioremap_caller(phys, size, mode, caller, encrypted), vmap_pfn(pfns, nr,
 * prot), vmap(pages, nr, flags, prot) and remove_vm_area(addr).
 */
unsigned long alias_enter(const unsigned long *args, unsigned long ip)
{
	switch (hook_from(&alias_hooks, ip) - alias_functions) {
	case ALIAS_UNMAP:
		alias_unmapped(args[0]);
		/* hook_settle() need not wait for whom it knows to be ours. */
		return READ_ONCE(looking) ? TOKEN_UNMAP : 0;
	case ALIAS_VMAP:
		if (!alias_may_be((struct page **)args[0], (u32)args[1]))
			return 0;
	}
	return TOKEN_MAP;
}

/* Behind those that make a mapping. */
void alias_made(unsigned long token, unsigned long addr)
{
	if (token == TOKEN_MAP && addr)
		alias_mapped(addr);
}

/*
 * alias_lock held. What was on its way out when it was found is gone by now. What
 * is no area is of vm_map_ram(), whose end we would not see.
 */
static void alias_check(const struct domain *d)
{
	struct alias *alias, *next;
	unsigned long frame, end;

	list_for_each_entry_safe(alias, next, &aliases, list)
		if (alias->domain == d &&
		    (!alias_area(alias->start) ||
		     !keymap_leaf(alias->start, &frame, &end) ||
		     PFN_PHYS(frame) != d->phys + alias->home - d->start))
			alias_del(alias);
}

/* alias_lock held. The aliases of a domain stay without its key. */
static void alias_give_up(struct domain *d)
{
	struct alias *alias;

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
 * On return nobody who was granted nothing writes to them; or, if a signal came
 * while that was waited for, they have no key.
 *
 * Context: process context, sleeps.
 */
void alias_scan(struct domain *d)
{
	mutex_lock(&alias_lock);
	if (alias_find(VMALLOC_START, VMALLOC_END, d)) {
		/* While the module is loaded, that is done for all of them. */
		if (!looking && hook_settle(HOOK_WRITERS, true))
			alias_give_up(d);
		alias_check(d);
	}
	mutex_unlock(&alias_lock);
}

/**
 * alias_drop() - forget the aliases of a domain that ends
 * @d: the domain, still in the table
 *
 * On return they carry no key, and no more are found.
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
 * alias_init() - hook what makes mappings, and what ends them
 *
 * Return: 0; -ENOENT; or an error of hook_place().
 */
int __init alias_init(void)
{
	find_area = hook_symbol("find_vm_area");
	if (!find_area) {
		pr_err("cannot resolve find_vm_area\n");
		return -ENOENT;
	}
	return hook_place(&alias_hooks);
}

/* The namespaces that were there first are domains. */
void __init alias_settled(void)
{
	WRITE_ONCE(looking, false);
}

/**
 * alias_exit() - undo alias_init()
 *
 * Somebody may still be between alias_enter() and alias_made(): hook_drain() waits
 * for him.
 */
void alias_exit(void)
{
	hook_remove(&alias_hooks);
}
