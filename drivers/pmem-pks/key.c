// SPDX-License-Identifier: GPL-2.0
/*
 * Implements linux/pks.h: the life of a key, and its owner.
 *
 * A key is allocated, put on pages, granted, taken off the pages, and freed. It
 * can't be freed while a page carries it or a context has it open: that context
 * could use the pages of the key's next owner. A key that domain.c puts while a
 * context has it open is 'going': a later allocation frees it, once the context has
 * closed it.
 *
 * keymap_lock orders all changes. Any context may read whether a key is taken, and
 * its owner.
 */
#include <linux/kallsyms.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/preempt.h>

#include "internal.h"

struct pks_key {
	bool taken;
	bool of_domains;	/* allocated by pks_key_get() */
	bool going;		/* no domain has it, but it could not be freed */
	unsigned int domains;	/* number of domains that have it */
	const struct key_owner *owner;
};

static struct pks_key keys[PKS_NR_KEYS];
/* The owner of keys that are allocated through linux/pks.h. */
static const struct key_owner *default_owner;

/**
 * pks_key_is_taken() - check whether a key is allocated
 * @key: any number
 *
 * Context: any.
 * Return: whether @key is an allocated key.
 */
bool pks_key_is_taken(int key)
{
	return key > 0 && key < PKS_NR_KEYS && READ_ONCE(keys[key].taken);
}

/**
 * pks_key_owner() - the owner of a key
 * @key: a key that a page carries
 *
 * Context: any.
 * Return: the owner; NULL if the key is not allocated.
 */
const struct key_owner *pks_key_owner(int key)
{
	return pks_key_is_taken(key) ? READ_ONCE(keys[key].owner) : NULL;
}

static int pks_key_free_locked(int key)
{
	lockdep_assert_held(&keymap_lock);
	if (keymap_is_used(key) || grant_is_held(key))
		return -EBUSY;
	if (pks_set_denied(key, PKS_DENY_WRITE))
		grant_reload_everywhere();
	keys[key].of_domains = false;
	keys[key].going = false;
	WRITE_ONCE(keys[key].taken, false);
	return 0;
}

static int pks_key_alloc_locked(enum pks_deny deny, const struct key_owner *owner)
{
	int key;

	lockdep_assert_held(&keymap_lock);
	for_each_key(key) {
		if (keys[key].going)
			pks_key_free_locked(key);
		if (!keys[key].taken)
			break;
	}
	if (key == PKS_NR_KEYS)
		return -ENOSPC;
	WRITE_ONCE(keys[key].owner, owner);
	WRITE_ONCE(keys[key].taken, true);
	if (pks_set_denied(key, deny))
		grant_reload_everywhere();
	return key;
}

/**
 * pks_key_alloc_for() - pks_key_alloc() for an owner
 * @deny: as there
 * @owner: its denied() is called for each access that the key denies
 *
 * Context: process context, sleeps.
 * Return: as there.
 */
int pks_key_alloc_for(enum pks_deny deny, const struct key_owner *owner)
{
	int key;

	mutex_lock(&keymap_lock);
	key = pks_key_alloc_locked(deny, owner);
	mutex_unlock(&keymap_lock);
	return key;
}

int pks_key_alloc(enum pks_deny deny)
{
	return pks_key_alloc_for(deny, default_owner);
}
EXPORT_SYMBOL_GPL(pks_key_alloc);

int pks_key_free(int key)
{
	int ret = -EINVAL;

	mutex_lock(&keymap_lock);
	if (pks_key_is_taken(key))
		ret = keys[key].domains ? -EBUSY : pks_key_free_locked(key);
	mutex_unlock(&keymap_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(pks_key_free);

/*
 * Allocate a key for a domain. If none is free, share the highest that domains have.
 */
static int pks_key_get_any(bool *shared)
{
	int key = pks_key_alloc_locked(PKS_DENY_WRITE, default_owner);

	*shared = key < 0;
	if (!*shared) {
		keys[key].of_domains = true;
		return key;
	}
	for (key = PKS_NR_KEYS - 1; key; key--)
		if (keys[key].of_domains && keys[key].domains)
			return key;
	return -ENOSPC;
}

/**
 * pks_key_get() - get a key for a domain
 * @key: the key that the domain's owner allocated; or 0, for one that denies writes
 * @shared: out: whether other domains have the key too, as none was free
 *
 * Context: process context, sleeps. Cost: as pks_key_alloc() if @key is 0.
 * Return: the key; -ENOSPC if none is free and no key of a domain can be shared.
 */
int pks_key_get(int key, bool *shared)
{
	*shared = false;
	mutex_lock(&keymap_lock);
	if (!key)
		key = pks_key_get_any(shared);
	if (key > 0)
		keys[key].domains++;
	mutex_unlock(&keymap_lock);
	return key;
}

/**
 * pks_key_borrow() - have a key for a domain of the module's own, for a moment
 *
 * One that domains have and that is not open to all, if there is any: a namespace
 * that comes meanwhile must not find that the last key is taken.
 *
 * Context: process context, sleeps.
 * Return: the key, until pks_key_put(); -ENOSPC when other modules have all keys.
 */
int pks_key_borrow(void)
{
	bool shared;
	int key;

	mutex_lock(&keymap_lock);
	for_each_key(key)
		if (keys[key].of_domains && keys[key].domains &&
		    !pks_is_open(key))
			break;
	if (key == PKS_NR_KEYS)
		key = pks_key_get_any(&shared);
	if (key > 0)
		keys[key].domains++;
	mutex_unlock(&keymap_lock);
	return key;
}

/**
 * pks_key_put() - end a pks_key_get()
 * @key: what it returned; the domain's leaves no longer carry it
 *
 * A key that the caller passed to pks_key_get() stays allocated.
 *
 * Context: process context, sleeps. Cost: as pks_key_free() for the last domain.
 */
void pks_key_put(int key)
{
	mutex_lock(&keymap_lock);
	if (!--keys[key].domains && keys[key].of_domains && pks_key_free_locked(key))
		keys[key].going = true;
	mutex_unlock(&keymap_lock);
}

/**
 * pks_key_set() - put a key on the leaves of a range
 * @start: first address
 * @end: address after the last byte
 * @key: the key, or 0
 * @direct: whether the pages get the key in the direct map as well
 *
 * Context: process context, sleeps. Cost: as pks_set_key().
 * Return: as pks_set_key().
 */
int pks_key_set(unsigned long start, unsigned long end, int key, bool direct)
{
	int ret = -EINVAL;

	mutex_lock(&keymap_lock);
	if (!key || pks_key_is_taken(key))
		ret = keymap_set(start, end, key, direct);
	mutex_unlock(&keymap_lock);
	return ret;
}

int pks_set_key(unsigned long start, unsigned long end, int key)
{
	return pks_key_set(start, end, key, is_vmalloc_addr((void *)start));
}
EXPORT_SYMBOL_GPL(pks_set_key);

int pks_grant(int key)
{
	if (!pks_key_is_taken(key))
		return -EINVAL;
	preempt_disable();
	grant_open_slowly(key);
	preempt_enable();
	return 0;
}
EXPORT_SYMBOL_GPL(pks_grant);

static noinline void pks_key_complain(int key, void *caller)
{
	char name[KSYM_SYMBOL_LEN];

	pr_err_once("revocation of key %d, which was not granted, by %s\n",
		    key, symbols_name((unsigned long)caller, name));
}

int pks_revoke(int key)
{
	bool done;

	if (!pks_key_is_taken(key))
		return -EINVAL;
	preempt_disable();
	done = grant_close_slowly(key);
	preempt_enable();
	if (!done)
		pks_key_complain(key, __builtin_return_address(0));
	return done ? 0 : -EINVAL;
}
EXPORT_SYMBOL_GPL(pks_revoke);

/**
 * pks_key_init() - set the owner of keys that are allocated through linux/pks.h
 * @owner: the owner
 *
 * Context: module init, before the first pks_key_alloc().
 */
void __init pks_key_init(const struct key_owner *owner)
{
	default_owner = owner;
}
