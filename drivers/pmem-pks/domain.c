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

static unsigned int key_users[PKS_NR_KEYS];

unsigned long pmem_pks_lowest = ULONG_MAX;
EXPORT_SYMBOL_GPL(pmem_pks_lowest);

/**
 * domain_keys() - the keys of all domains that a range touches
 * @start: its first address
 * @end: the address after the last
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
 * domain_find_alias() - the domain of a page that is not where its domain is
 * @addr: an address of the direct map, in no domain's range; out: where the same
 *	byte is in the domain's
 * @key: the key that the page carries
 *
 * So are the pages of a range in vmalloc space.
 *
 * Context: any, preemption off; the result is valid until it is on again.
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

/* The table begins with what is in the direct map, if anything is. */
static unsigned long domain_lowest(const struct domain_table *t)
{
	if (!t->nr || t->range[0].start >= VMALLOC_START)
		return ULONG_MAX;
	return t->range[0].start - PMEM_PKS_MAX_PAGES * PAGE_SIZE;
}

/*
 * domain_lock held. Add a range, or (@add is NULL) remove those of a domain, or
 * the one of them that begins at @start. Removing must not fail, and a table is
 * small: let the allocator take its time.
 */
static int domain_table_change(const struct domain_range *add,
			       const struct domain *del, unsigned long start)
{
	struct domain_table *old, *new;
	const struct domain_range *r;
	unsigned int i, n = 0;

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
	/* The map of a page that is in the table is to find it there. */
	WRITE_ONCE(pmem_pks_lowest,
		   min(pmem_pks_lowest, domain_lowest(new)));
	rcu_assign_pointer(domain_table, new);
	synchronize_rcu();
	WRITE_ONCE(pmem_pks_lowest, domain_lowest(new));
	if (old != &no_domains.table)
		kfree(old);
	return 0;
}

/* domain_lock held. */
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

	return domain_table_change(&range, NULL, 0);
}

/* Keys of domains that are gone, which a thread still had open. */
static unsigned long owed_keys;

/* domain_lock held. */
static void domain_free_keys(void)
{
	int key;

	for_each_set_bit(key, &owed_keys, PKS_NR_KEYS)
		if (!pks_key_free(key))
			__clear_bit(key, &owed_keys);
}

/* domain_lock held. When the keys have run out, the last one is shared. */
static int domain_take_key(struct domain *d)
{
	int key;

	domain_free_keys();
	key = d->own_key ? d->key : pks_key_alloc(PKS_DENY_WRITE);

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
	if (--key_users[d->key] || d->own_key)
		return;
	__set_bit(d->key, &owed_keys);
	domain_free_keys();
}

/* domain_lock held. */
static bool domain_overlaps(const struct domain *d)
{
	const struct domain_table *t;
	unsigned int i;

	t = rcu_dereference_protected(domain_table,
				      lockdep_is_held(&domain_lock));
	for (i = 0; i < t->nr; i++)
		if (t->range[i].start < d->end && d->start < t->range[i].end)
			return true;
	return false;
}

/**
 * domain_add() - make a range a domain, not protected yet
 * @d: start, end and name are set; and key, if own_key is
 *
 * On return its writers are granted its key.
 *
 * Context: process context, sleeps.
 * Return: 0; -ENOSPC when all keys are taken by others; -EEXIST if a part of
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
			domain_put_key(d);
	}
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
	domain_table_change(NULL, d, 0);
	domain_put_key(d);
	mutex_unlock(&domain_lock);
}

/* domain_lock held. All ranges of a domain, or the one that begins at @start. */
static int domain_set_key(const struct domain *d, unsigned long start, int key)
{
	const struct domain_table *t;
	const struct domain_range *r;
	int ret = 0;

	t = rcu_dereference_protected(domain_table,
				      lockdep_is_held(&domain_lock));
	for (r = t->range; !ret && r < t->range + t->nr; r++) {
		if (r->domain != d || (start && r->start != start))
			continue;
		if (r->start == d->start)
			ret = pks_set_key(r->start, r->end, key);
		else
			ret = keymap_set(r->start, r->end, key, false);
	}
	return ret;
}

/**
 * domain_add_range() - let a domain have a further range: a second mapping
 * @d: a domain that domain_add() took
 * @start: the range's first address
 * @end: the address after its last
 * @home: where the range's first byte is in the domain
 *
 * On return its writers are granted the domain's key, and it carries that if the
 * domain is protected.
 *
 * Context: process context, sleeps.
 * Return: 0; -ENOMEM; or the error of keymap_set().
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
 * On return no leaf of it carries a key.
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
 * @on: which. Turning it on also ends a failing open.
 *
 * Context: process context, sleeps.
 * Return: 0; -EBUSY while a thread whose grant was lost may still write; or the
 * error of pks_set_key().
 */
int domain_protect(struct domain *d, bool on)
{
	int ret = 0;

	mutex_lock(&domain_lock);
	if (on)
		ret = grant_close_everywhere(d->key);
	if (!ret)
		ret = domain_set_key(d, 0, on ? d->key : 0);
	/* All of it or nothing, where it has several ranges. */
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
	for (key = 1; key < PKS_NR_KEYS; key++) {
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
 * domain_failed_open() - report that a key was opened for everybody
 * @key: the key; 0: an interrupt ran with the grants of what it interrupted
 *
 * A thread's grant could not be kept, and it must not be harmed; or an access
 * could not be let through alone. Lasts until the protection of the key's domains
 * is turned on again.
 *
 * Context: any, with any lock held.
 */
void domain_failed_open(int key)
{
	set_bit(key, &failed_keys);
	irq_work_queue(&failed_work);
}

/**
 * domain_exit() - forget the table, and tell the last failing open
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

/* An owner's domain, for other modules. */
struct pmem_pks_domain {
	struct domain d;
};

struct pmem_pks_domain *pmem_pks_domain_add(const char *name, int key,
					    void *start, size_t size)
{
	struct pmem_pks_domain *domain;
	int ret;

	if (!pks_key_taken(key))
		return ERR_PTR(-EINVAL);
	domain = kzalloc(sizeof(*domain), GFP_KERNEL);
	if (!domain)
		return ERR_PTR(-ENOMEM);
	domain->d.start = (unsigned long)start;
	domain->d.end = domain->d.start + size;
	domain->d.key = key;
	domain->d.own_key = true;
	domain->d.fault_mode = FAULT_INHERIT;
	strscpy(domain->d.name, name, sizeof(domain->d.name));
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
