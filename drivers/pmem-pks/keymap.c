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
#include <linux/smp.h>
#include <asm/pgtable.h>
#include <asm/tlbflush.h>

#include "internal.h"

#define LEAF_KEY_SHIFT	_PAGE_BIT_PKEY_BIT0

/* Level of a leaf as an index: PG_LEVEL_4K, _2M, _1G follow each other. */
#define LEAF_INDEX(level)	((level) - PG_LEVEL_4K)

static pteval_t leaf_with_key(pteval_t leaf, int key)
{
	return (leaf & ~_PAGE_PKEY_MASK) | ((pteval_t)key << LEAF_KEY_SHIFT);
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
	int changed = 0;
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
		if (addr & (size - 1) || size > end - addr)
			return -ERANGE;

		new = leaf_with_key(old, key);
		if (new != old) {
			if (cmpxchg(&leaf->pte, old, new) != old)
				continue;
			changed = 1;
		}
		addr += size;
	}
	return changed;
}

static void keymap_flush(void *unused)
{
	__flush_tlb_all();
}

int pks_set_key(unsigned long start, unsigned long end, int key)
{
	int ret, any = 0;

	while ((ret = keymap_walk(start, end, key)) > 0)
		any = 1;
	if (ret && key) {
		/* Leave nothing half done: whatever was reached goes back. */
		while (keymap_walk(start, end, 0) > 0)
			;
	}
	if (any || ret)
		on_each_cpu(keymap_flush, NULL, 1);
	return ret;
}
EXPORT_SYMBOL_GPL(pks_set_key);

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
		leaves->keyed += leaf_with_key(old, key) == old;
		addr = (addr & page_level_mask(level)) + page_level_size(level);
	}
	return 0;
}
