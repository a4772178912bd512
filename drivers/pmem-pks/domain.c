// SPDX-License-Identifier: GPL-2.0
/*
 * The table of domains: protected ranges, each with its own key as long as the
 * keys last.
 *
 * The table is an array in order of address. Readers hold off preemption and
 * take no lock; a change makes a new array, publishes it, and waits until the
 * old one has no reader (synchronize_rcu() waits for code with preemption off).
 * domain_lock orders the changes.
 *
 * A domain has its key, and its writers get grants, from before its leaves
 * carry the key until after they have lost it, so that turning protection on
 * never catches a writer in the middle of its copy.
 */
#include <linux/atomic.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "internal.h"

struct domain_range {
	unsigned long start;
	unsigned long size;
	struct domain *domain;
};

struct domain_table {
	unsigned int nr;
	struct domain_range range[];
};

static struct domain_table no_domains;
static struct domain_table __rcu *domain_table =
	(struct domain_table __force __rcu *)&no_domains;
static DEFINE_MUTEX(domain_lock);
static unsigned int key_users[PKS_NR_KEYS];
static atomic64_t fail_opens;

/**
 * domain_find() - the domain that an address belongs to
 * @addr: a kernel virtual address
 *
 * Context: any, preemption off; the result is valid until it is on again.
 * Cost: a few instructions for each halving of the table.
 * Return: the domain, or NULL.
 */
struct domain *domain_find(unsigned long addr)
{
	const struct domain_table *t = rcu_dereference_sched(domain_table);
	unsigned int low = 0, high = t->nr;

	while (low < high) {
		unsigned int mid = (low + high) / 2;
		const struct domain_range *r = &t->range[mid];

		if (addr - r->start < r->size)
			return r->domain;
		if (addr < r->start)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

/*
 * domain_lock held. @add or @del is NULL. Ending a domain must not fail, and a
 * table is small: let the allocator take its time.
 */
static void domain_table_change(struct domain *add, struct domain *del)
{
	struct domain_table *old, *new;
	unsigned int i, n = 0;

	old = rcu_dereference_protected(domain_table,
					lockdep_is_held(&domain_lock));
	new = kmalloc(struct_size(new, range, old->nr + 1),
		      GFP_KERNEL | __GFP_NOFAIL);
	for (i = 0; i <= old->nr; i++) {
		if (add && (i == old->nr ||
			    old->range[i].start > add->start)) {
			new->range[n].start = add->start;
			new->range[n].size = add->end - add->start;
			new->range[n++].domain = add;
			add = NULL;
		}
		if (i < old->nr && old->range[i].domain != del)
			new->range[n++] = old->range[i];
	}
	new->nr = n;
	rcu_assign_pointer(domain_table, new);
	synchronize_rcu();
	if (old != &no_domains)
		kfree(old);
}

/* domain_lock held. When the keys have run out, the last one is shared. */
static int domain_take_key(struct domain *d)
{
	int key = pks_key_alloc();

	if (key < 0) {
		key = PKS_NR_KEYS - 1;
		if (!key_users[key])
			return -ENOSPC;
		pr_warn("no key is left for %s: it shares key %d, and a grant to one of its sharers is one to all\n",
			d->name, key);
	}
	key_users[key]++;
	d->key = key;
	return 0;
}

static void domain_put_key(struct domain *d)
{
	if (--key_users[d->key])
		return;
	grant_close_everywhere(d->key);
	pks_key_free(d->key);
}

/**
 * domain_add() - make a range a domain, not protected yet
 * @d: start, end and name are set
 *
 * On return its writers are granted its key.
 *
 * Context: process context, sleeps.
 * Return: 0, or -ENOSPC when all keys are taken by others.
 */
int domain_add(struct domain *d)
{
	int ret;

	mutex_lock(&domain_lock);
	ret = domain_take_key(d);
	if (!ret)
		domain_table_change(d, NULL);
	mutex_unlock(&domain_lock);
	return ret;
}

/**
 * domain_del() - end a domain
 * @d: a domain that domain_add() took, protected or not
 *
 * On return no leaf carries its key, and nobody looks at @d any more.
 *
 * Context: process context, sleeps.
 */
void domain_del(struct domain *d)
{
	domain_protect(d, false);
	mutex_lock(&domain_lock);
	domain_table_change(NULL, d);
	domain_put_key(d);
	mutex_unlock(&domain_lock);
}

/**
 * domain_protect() - turn a domain's protection on or off
 * @d: the domain
 * @on: which. Turning it on also ends a failing open.
 *
 * Context: process context, sleeps.
 * Return: 0, or the error of pks_set_key().
 */
int domain_protect(struct domain *d, bool on)
{
	int ret;

	mutex_lock(&domain_lock);
	if (on && d->failed_open) {
		WRITE_ONCE(d->failed_open, false);
		grant_close_everywhere(d->key);
	}
	ret = pks_set_key(d->start, d->end, on ? d->key : 0);
	if (!ret)
		WRITE_ONCE(d->protect, on);
	mutex_unlock(&domain_lock);
	if (ret)
		pr_err("%s: cannot %sprotect its mapping (%d)\n", d->name,
		       on ? "" : "un", ret);
	return ret;
}

/**
 * domain_fail_open() - give up a domain's protection, for want of memory
 * @d: the domain
 *
 * A legitimate writer could not be granted its key and must not be harmed.
 * Lasts until protection is turned on again.
 *
 * Context: any, preemption off.
 */
void domain_fail_open(struct domain *d)
{
	atomic64_inc(&fail_opens);
	pks_open_everywhere(d->key);
	WRITE_ONCE(d->failed_open, true);
}

/**
 * domain_fail_open_total() - how often a domain failed open, since load
 */
u64 domain_fail_open_total(void)
{
	return atomic64_read(&fail_opens);
}
