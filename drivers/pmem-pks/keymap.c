// SPDX-License-Identifier: GPL-2.0
/*
 * Keys on the leaves of the kernel's page tables: bits 59..62 of a 4 KiB, 2 MiB
 * or 1 GiB entry (Intel SDM volume 3A, 4.6.2 and tables 4-15 ff.).
 *
 * The kernel changes the same entries: the CPU sets accessed and dirty, and
 * set_memory_*() (for a poisoned page, say) changes attributes and splits large
 * leaves, whose pieces inherit the key. So an entry is changed by compare and
 * exchange only, and looked up again when it was not what it had been. A split
 * that copied the entry before the change and replaces it after would lose the
 * key; the walk is therefore repeated until it finds nothing to change.
 */
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/vmalloc.h>
#include <asm/pgtable.h>
#include <asm/tlbflush.h>

#include "internal.h"

#define LEAF_KEY_SHIFT	_PAGE_BIT_PKEY_BIT0

/* Level of a leaf as an index: PG_LEVEL_4K, _2M, _1G follow each other. */
#define LEAF_INDEX(level)	((level) - PG_LEVEL_4K)

static DEFINE_MUTEX(keymap_lock);
/* Pages of 4 KiB that carry each key. */
static long pages[PKS_NR_KEYS];

static pteval_t leaf_with_key(pteval_t leaf, int key)
{
	return (leaf & ~_PAGE_PKEY_MASK) | ((pteval_t)key << LEAF_KEY_SHIFT);
}

static int leaf_key(pteval_t leaf)
{
	return (leaf & _PAGE_PKEY_MASK) >> LEAF_KEY_SHIFT;
}

/*
 * Split the large leaf that maps an address, to a leaf of 4 KiB for its page
 * and as few others as can be. set_memory_4k() is not exported.
 */
static int keymap_split(unsigned long addr)
{
	unsigned long func = hook_symbol("set_memory_4k");

	if (!func)
		return -ENOENT;
	return hook_call(func, addr & PAGE_MASK, 1, 0, 0);
}

/*
 * One walk over the range. Return: 1 if a leaf was changed, 0 if none was, or
 * an error.
 */
static int keymap_walk(unsigned long start, unsigned long end, int key)
{
	unsigned long addr = start, size;
	pteval_t old, new;
	unsigned int level;
	int changed = 0, ret;
	pte_t *leaf;

	while (addr < end) {
		leaf = lookup_address(addr, &level);
		if (!leaf)
			return -ENXIO;
		old = READ_ONCE(leaf->pte);
		/* Split since the look-up. */
		if (level != PG_LEVEL_4K && !(old & _PAGE_PSE))
			continue;
		/* A poisoned page is not present, and is to keep its key. */
		if (!old)
			return -ENXIO;

		size = page_level_size(level);
		if (addr & (size - 1) || size > end - addr) {
			/* Nothing to be done, nothing to be split. */
			if (leaf_key(old) == key) {
				addr = (addr & ~(size - 1)) + size;
				continue;
			}
			ret = keymap_split(addr & (size - 1) ? addr : end - 1);
			if (ret)
				return ret;
			continue;
		}

		new = leaf_with_key(old, key);
		if (new != old) {
			if (cmpxchg(&leaf->pte, old, new) != old)
				continue;
			changed = 1;
			pages[leaf_key(old)] -= size >> PAGE_SHIFT;
			pages[key] += size >> PAGE_SHIFT;
		}
		addr += size;
		/* Terabytes have millions of leaves. */
		cond_resched();
	}
	return changed;
}

/**
 * keymap_leaf() - what the leaf of an address maps
 * @addr: a kernel virtual address
 * @frame: out: the page frame that @addr is mapped to
 * @next: out: the first address that is not of this leaf
 *
 * Context: any in which nobody unmaps it.
 * Return: false where nothing is mapped.
 */
bool keymap_leaf(unsigned long addr, unsigned long *frame, unsigned long *next)
{
	unsigned int level;
	pte_t *leaf = lookup_address(addr, &level);
	pteval_t old = leaf ? READ_ONCE(leaf->pte) : 0;
	unsigned long size;

	if (!old)
		return false;
	size = page_level_size(level);
	*next = (addr & ~(size - 1)) + size;
	/* A large leaf has its PAT bit among those of the address. */
	*frame = (pte_pfn(__pte(old)) & ~PHYS_PFN(size - 1)) +
		 PHYS_PFN(addr & (size - 1));
	return true;
}

/*
 * The same, and over the pages' places in the direct map: a range in vmalloc
 * space has such, unless it maps memory without struct page (ioremap).
 */
static int keymap_walk_all(unsigned long start, unsigned long end, int key)
{
	int ret = keymap_walk(start, end, key), one;
	unsigned long addr, next, frame, alias;

	if (ret < 0 || !is_vmalloc_addr((void *)start))
		return ret;
	for (addr = start; addr < end; addr = next) {
		if (!keymap_leaf(addr, &frame, &next))
			return -ENXIO;
		if (!pfn_valid(frame))
			continue;
		alias = (unsigned long)pfn_to_kaddr(frame);
		one = keymap_walk(alias, alias + min(next, end) - addr, key);
		if (one < 0)
			return one;
		ret |= one;
	}
	return ret;
}

static void keymap_flush(void *unused)
{
	__flush_tlb_all();
}

int pks_set_key(unsigned long start, unsigned long end, int key)
{
	int ret = -EINVAL, any = 0;

	if (start & ~PAGE_MASK || end & ~PAGE_MASK || start >= end)
		return ret;
	mutex_lock(&keymap_lock);
	if (key && !pks_key_taken(key))
		goto unlock;
	while ((ret = keymap_walk_all(start, end, key)) > 0)
		any = 1;
	if (ret && key) {
		/* Leave nothing half done: whatever was reached goes back. */
		while (keymap_walk_all(start, end, 0) > 0)
			;
	}
	if (any || ret)
		on_each_cpu(keymap_flush, NULL, 1);
unlock:
	mutex_unlock(&keymap_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(pks_set_key);

int pks_key_alloc(enum pks_deny deny)
{
	bool changed;
	int key;

	mutex_lock(&keymap_lock);
	key = pks_take_key(deny, &changed);
	if (key > 0 && changed)
		grant_reload_everywhere();
	mutex_unlock(&keymap_lock);
	return key;
}
EXPORT_SYMBOL_GPL(pks_key_alloc);

int pks_key_free(int key)
{
	int ret = -EINVAL;

	mutex_lock(&keymap_lock);
	if (!pks_key_taken(key))
		goto unlock;
	ret = -EBUSY;
	if (pages[key] || grant_is_held(key))
		goto unlock;
	ret = 0;
	if (pks_put_key(key))
		grant_reload_everywhere();
unlock:
	mutex_unlock(&keymap_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(pks_key_free);

/**
 * keymap_key() - the key that an address carries
 * @addr: a kernel virtual address
 *
 * Context: any in which nobody unmaps it, the page fault above all.
 * Return: the key; 0 also where nothing is mapped.
 */
int keymap_key(unsigned long addr)
{
	unsigned int level;
	pte_t *leaf = lookup_address(addr, &level);

	return leaf ? leaf_key(READ_ONCE(leaf->pte)) : 0;
}

/**
 * keymap_leaves() - count a range's leaves
 * @start: first address
 * @end: address after the last
 * @key: the key that the leaves should carry
 * @leaves: out: how many of each size, and how many of them carry @key
 *
 * Context: process context.
 * Return: 0, or -ENXIO where nothing is mapped.
 */
int keymap_leaves(unsigned long start, unsigned long end, int key,
		  struct keymap_leaves *leaves)
{
	unsigned long addr = start;
	unsigned int level;
	pteval_t old;
	pte_t *leaf;

	memset(leaves, 0, sizeof(*leaves));
	while (addr < end) {
		leaf = lookup_address(addr, &level);
		if (!leaf)
			return -ENXIO;
		old = READ_ONCE(leaf->pte);
		leaves->nr[LEAF_INDEX(level)]++;
		leaves->keyed += leaf_key(old) == key;
		addr = (addr & page_level_mask(level)) + page_level_size(level);
	}
	return 0;
}
