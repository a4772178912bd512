// SPDX-License-Identifier: GPL-2.0
/*
 * The table of domains: protected ranges, each with its own key until the keys run
 * out.
 *
 * The table is an array in order of address. Readers turn preemption off and take no
 * lock. A change makes a new array, publishes it, and waits until the old one has no
 * reader (synchronize_rcu() waits for code with preemption off). domain_lock orders
 * the changes.
 *
 * A domain gets its key, and its writers get grants, before its leaves carry the
 * key, and until after they have lost it. So turning protection on never catches a
 * writer in the middle of its copy.
 */
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/irq_work.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <asm/pgtable.h>

#include "internal.h"

static struct {
	struct domain_table table;
	struct domain_range end;
} no_domains = { .end = { .start = ULONG_MAX, .end = ULONG_MAX } };

struct domain_table __rcu *domain_table =
	(struct domain_table __force __rcu *)&no_domains.table;
static DEFINE_MUTEX(domain_lock);

const char * const fault_mode_names[] = {
	[FAULT_RELAXED] = "relaxed",
	[FAULT_CONTAIN] = "contain",
	[FAULT_STRICT] = "strict",
	[FAULT_PANIC] = "panic",
	[FAULT_INHERIT] = "inherit",
	NULL
};

static_assert(ARRAY_SIZE(fault_mode_names) == FAULT_INHERIT + 2);

bool domain_settled;

unsigned long pmem_pks_lowest = ULONG_MAX;
EXPORT_SYMBOL_GPL(pmem_pks_lowest);

/**
 * domain_keys() - find the keys of all domains that a range touches
 * @start: first address
 * @end: address after the last byte
 *
 * Context: any, preemption off.
 * Return: a bit for each key.
 */
u32 domain_keys(unsigned long start, unsigned long end)
{
	const struct domain_table *t = rcu_dereference_sched(domain_table);
	unsigned int i;
	u32 keys = 0;

	for (i = 0; i < t->nr; i++)
		if (t->range[i].start < end && start < t->range[i].end)
			keys |= BIT(t->range[i].key);
	return keys;
}

/**
 * domain_find_alias() - find the domain of a page by its address in the direct map
 * @addr: in: an address of the direct map, in no domain's range; out: the address of
 *	the same byte in the domain's range
 * @key: the key that the page carries
 *
 * For pages of a range in vmalloc space, which carry its key in the direct map too.
 *
 * Context: any, preemption off; the result is valid until preemption is on again.
 * Cost: a look at each leaf of the key's ranges in vmalloc space.
 * Return: the domain, or NULL.
 */
struct domain *domain_find_alias(unsigned long *addr, int key)
{
	const struct domain_table *t = rcu_dereference_sched(domain_table);
	unsigned long place, next, frame, wanted;
	const struct domain_range *r;

	if (!virt_addr_valid((void *)*addr))
		return NULL;
	wanted = PHYS_PFN(__pa(*addr));
	for (r = t->range; r < t->range + t->nr; r++) {
		if (r->key != key || !is_vmalloc_addr((void *)r->start))
			continue;
		for (place = r->start; place < r->end; place = next) {
			if (!keymap_leaf(place, &frame, &next))
				break;
			if (wanted < frame || wanted - frame >=
			    PHYS_PFN(min(next, r->end) - place))
				continue;
			*addr = place + PFN_PHYS(wanted - frame) +
				offset_in_page(*addr);
			return r->domain;
		}
	}
	return NULL;
}

/* Compute pmem_pks_lowest. Ranges in the direct map come first in the table. */
static unsigned long domain_lowest(const struct domain_table *t)
{
	if (!t->nr || t->range[0].start >= VMALLOC_START)
		return ULONG_MAX;
	return t->range[0].start - PMEM_PKS_MAX_PAGES * PAGE_SIZE;
}

/*
 * Add a range. If @add is NULL, remove the range of @del that begins at @start, or
 * all its ranges if that is 0. Removing must not fail, and a table is small: so the
 * allocator may take its time.
 */
static int domain_table_change(const struct domain_range *add,
			       const struct domain *del, unsigned long start)
{
	struct domain_table *old, *new;
	const struct domain_range *r;
	unsigned int i, n = 0;

	lockdep_assert_held(&domain_lock);
	old = rcu_dereference_protected(domain_table,
					lockdep_is_held(&domain_lock));
	new = kmalloc(struct_size(new, range, old->nr + 2),
		      GFP_KERNEL | (add ? 0 : __GFP_NOFAIL));
	if (!new)
		return -ENOMEM;
	for (i = 0; i <= old->nr; i++) {
		r = &old->range[i];
		if (add && (i == old->nr || r->start > add->start)) {
			new->range[n++] = *add;
			add = NULL;
		}
		if (i < old->nr && (r->domain != del ||
				    (start && r->start != start)))
			new->range[n++] = *r;
	}
	new->nr = n;
	new->range[n] = no_domains.end;
	/* Before the table: a map must not skip a domain that is in it. */
	WRITE_ONCE(pmem_pks_lowest,
		   min(pmem_pks_lowest, domain_lowest(new)));
	rcu_assign_pointer(domain_table, new);
	synchronize_rcu();
	WRITE_ONCE(pmem_pks_lowest, domain_lowest(new));
	if (old != &no_domains.table)
		kfree(old);
	return 0;
}

static int domain_publish(struct domain *d, unsigned long start,
			  unsigned long end, unsigned long home)
{
	const struct domain_range range = {
		.start = start,
		.end = end,
		.key = d->key,
		.mask = PKRS_KEY_MASK(d->key),
		.domain = d,
		.home = home,
	};

	lockdep_assert_held(&domain_lock);
	return domain_table_change(&range, NULL, 0);
}

static int domain_take_key(struct domain *d)
{
	bool shared;
	int key;

	lockdep_assert_held(&domain_lock);
	key = pks_key_get(d->key, &shared);
	if (key < 0)
		return key;
	if (shared)
		pr_warn("no key is left for %s: it shares key %d, and a grant to one of its sharers is one to all\n",
			d->name, key);
	d->key = key;
	return 0;
}

static bool domain_overlaps(const struct domain *d)
{
	const struct domain_table *t;
	unsigned int i;

	lockdep_assert_held(&domain_lock);
	t = rcu_dereference_protected(domain_table,
				      lockdep_is_held(&domain_lock));
	for (i = 0; i < t->nr; i++)
		if (t->range[i].start < d->end && d->start < t->range[i].end)
			return true;
	return false;
}

/**
 * domain_fill() - fill in a new domain
 * @d: the domain, all zeroes
 * @name: its name in reports; copied, and cut if it is too long
 * @key: the key that its owner allocated, or 0
 * @start: first address, page-aligned
 * @size: size in bytes, whole pages
 *
 * Context: any.
 */
void domain_fill(struct domain *d, const char *name, int key,
		 unsigned long start, size_t size)
{
	strscpy(d->name, name, sizeof(d->name));
	d->key = key;
	d->start = start;
	d->end = start + size;
	d->fault_mode = FAULT_INHERIT;
	INIT_LIST_HEAD(&d->watched);
}

/**
 * domain_add() - make a range a domain, not protected yet
 * @d: a domain that domain_fill() has filled in
 *
 * On return, writers to the range are granted its key.
 *
 * Context: process context, sleeps.
 * Return: 0; -ENOSPC if no key is free and none can be shared; -EEXIST if a part of
 * the range is in another domain; -ENOMEM.
 */
int domain_add(struct domain *d)
{
	int ret;

	mutex_lock(&domain_lock);
	ret = domain_overlaps(d) ? -EEXIST : domain_take_key(d);
	if (!ret) {
		ret = domain_publish(d, d->start, d->end, d->start);
		if (ret)
			pks_key_put(d->key);
	}
	mutex_unlock(&domain_lock);
	return ret;
}

/**
 * domain_del() - end a domain
 * @d: a domain that domain_add() has added, protected or not
 *
 * On return no leaf of @d carries its key, and no code uses @d any more.
 *
 * Context: process context, sleeps.
 */
void domain_del(struct domain *d)
{
	domain_protect(d, false);
	mutex_lock(&domain_lock);
	domain_table_change(NULL, d, 0);
	pks_key_put(d->key);
	mutex_unlock(&domain_lock);
}

/* Put a key on all ranges of a domain, or on the one that begins at @start. */
static int domain_set_key(const struct domain *d, unsigned long start, int key)
{
	const struct domain_table *t;
	const struct domain_range *r;
	int ret = 0;

	lockdep_assert_held(&domain_lock);
	t = rcu_dereference_protected(domain_table,
				      lockdep_is_held(&domain_lock));
	for (r = t->range; !ret && r < t->range + t->nr; r++) {
		if (r->domain != d || (start && r->start != start))
			continue;
		if (r->start == d->start)
			ret = pks_set_key(r->start, r->end, key);
		else
			ret = pks_key_set(r->start, r->end, key, false);
	}
	return ret;
}

/**
 * domain_add_range() - add a further range, a second mapping, to a domain
 * @d: a domain that domain_add() has added
 * @start: the range's first address
 * @end: the address after its last byte
 * @home: the address of the range's first byte in the domain
 *
 * On return, writers to the range are granted the domain's key. The range carries
 * the key if the domain is protected.
 *
 * Context: process context, sleeps.
 * Return: 0; -ENOMEM; or the error of pks_key_set().
 */
int domain_add_range(struct domain *d, unsigned long start, unsigned long end,
		     unsigned long home)
{
	int ret;

	mutex_lock(&domain_lock);
	ret = domain_publish(d, start, end, home);
	if (!ret && d->protect) {
		ret = domain_set_key(d, start, d->key);
		if (ret)
			domain_table_change(NULL, d, start);
	}
	mutex_unlock(&domain_lock);
	return ret;
}

/**
 * domain_del_range() - undo domain_add_range()
 * @d: the domain
 * @start: the range's first address
 *
 * On return no leaf of the range carries a key.
 *
 * Context: process context, sleeps.
 */
void domain_del_range(struct domain *d, unsigned long start)
{
	mutex_lock(&domain_lock);
	domain_set_key(d, start, 0);
	domain_table_change(NULL, d, start);
	mutex_unlock(&domain_lock);
}

/**
 * domain_protect() - turn a domain's protection on or off
 * @d: the domain
 * @on: whether to turn it on. This also ends a failing open of its key.
 *
 * Context: process context, sleeps. Cost: as pks_set_key() for each range.
 * Return: 0; -EBUSY while a thread with a lost grant may still write; or an error of
 * pks_set_key().
 */
int domain_protect(struct domain *d, bool on)
{
	int ret = 0;

	mutex_lock(&domain_lock);
	if (on)
		ret = grant_close_everywhere(d->key);
	if (!ret)
		ret = domain_set_key(d, 0, on ? d->key : 0);
	/* With several ranges: protect all of them, or none. */
	if (ret && on)
		domain_set_key(d, 0, 0);
	if (!ret)
		WRITE_ONCE(d->protect, on);
	mutex_unlock(&domain_lock);
	if (ret)
		pr_err("%s: cannot %sprotect its mapping (%d)\n", d->name,
		       on ? "" : "un", ret);
	return ret;
}

static unsigned long failed_keys;

static void domain_tell_failed(struct irq_work *work)
{
	const struct domain_range *r;
	const struct domain_table *t;
	int key;

	if (test_and_clear_bit(0, &failed_keys))
		pr_err_ratelimited("interrupts are nested too deep: one ran with the grants of what it interrupted\n");
	rcu_read_lock_sched();
	t = rcu_dereference_sched(domain_table);
	for_each_key(key) {
		if (!test_and_clear_bit(key, &failed_keys))
			continue;
		for (r = t->range; r < t->range + t->nr; r++)
			if (r->key == key && r->home == r->start)
				pr_err_ratelimited("no memory for a grant, or no way to let one access through: %s is unprotected until its protection is turned on again\n",
						   r->domain->name);
	}
	rcu_read_unlock_sched();
}

static DEFINE_IRQ_WORK(failed_work, domain_tell_failed);

/**
 * domain_failed_open() - report that a key was opened for all contexts
 * @key: the key; 0: an interrupt ran with the grants of what it interrupted
 *
 * A key is opened if a thread's grant can't be saved, as the thread must not be
 * harmed, or if an access can't be let through alone. It stays open until the
 * protection of a domain with the key is turned on again.
 *
 * Context: any, with any lock held.
 */
void domain_failed_open(int key)
{
	set_bit(key, &failed_keys);
	irq_work_queue(&failed_work);
}

/**
 * domain_exit() - free the table, and report the last failing open
 *
 * Context: process context, after the last domain and the last grant; sleeps.
 */
void domain_exit(void)
{
	struct domain_table *t = rcu_dereference_protected(domain_table, true);

	irq_work_sync(&failed_work);
	if (t == &no_domains.table)
		return;
	rcu_assign_pointer(domain_table, &no_domains.table);
	synchronize_rcu();
	kfree(t);
}

/* A domain that another module has added. */
struct pmem_pks_domain {
	struct domain d;
};

struct pmem_pks_domain *pmem_pks_domain_add(const char *name, int key,
					    void *start, size_t size)
{
	struct pmem_pks_domain *domain;
	int ret;

	if (!pks_key_is_taken(key))
		return ERR_PTR(-EINVAL);
	domain = kzalloc(sizeof(*domain), GFP_KERNEL);
	if (!domain)
		return ERR_PTR(-ENOMEM);
	domain_fill(&domain->d, name, key, (unsigned long)start, size);
	ret = domain_add(&domain->d);
	if (ret)
		goto free_domain;
	ret = domain_protect(&domain->d, true);
	if (ret)
		goto del_domain;
	return domain;

del_domain:
	domain_del(&domain->d);
free_domain:
	kfree(domain);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(pmem_pks_domain_add);

void pmem_pks_domain_del(struct pmem_pks_domain *domain)
{
	domain_del(&domain->d);
	kfree(domain);
}
EXPORT_SYMBOL_GPL(pmem_pks_domain_del);

u64 pmem_pks_domain_strays(const struct pmem_pks_domain *domain)
{
	return atomic64_read(&domain->d.stray_writes) +
	       atomic64_read(&domain->d.stray_reads);
}
EXPORT_SYMBOL_GPL(pmem_pks_domain_strays);
