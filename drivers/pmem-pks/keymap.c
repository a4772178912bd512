// SPDX-License-Identifier: GPL-2.0
/*
 * Keys on the leaves of the kernel's page tables: bits 59..62 of a 4 KiB, 2 MiB
 * or 1 GiB entry (Intel SDM volume 3A, 4.6.2 and tables 4-15 ff.).
 *
 * The kernel changes the same entries, by reading and writing back: it splits or
 * replaces a large leaf under pgd_lock, and changes a leaf of 4 KiB under
 * cpa_lock (arch/x86/mm/pat/set_memory.c: __split_large_page(),
 * should_split_large_page(), __change_page_attr()). A leaf is therefore looked
 * up and changed with both held. Who read it before has written by then, and we
 * see what he wrote; who reads it later reads our key and copies that, to each
 * piece of a split. So no copy of the old key is written behind our back, and one
 * walk does. The CPU sets accessed and dirty under no lock: hence the compare and
 * exchange.
 *
 * Where debug_pagealloc is on, the kernel changes leaves of 4 KiB without
 * cpa_lock. It does not even keep its own changes apart then.
 */
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
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
/* How often pks_set_key() has begun. */
unsigned int keymap_changes;

static pteval_t leaf_with_key(pteval_t leaf, int key)
{
	return (leaf & ~_PAGE_PKEY_MASK) | ((pteval_t)key << LEAF_KEY_SHIFT);
}

static int leaf_key(pteval_t leaf)
{
	return (leaf & _PAGE_PKEY_MASK) >> LEAF_KEY_SHIFT;
}

/* The kernel's cpa_lock and pgd_lock; in this order. */
static spinlock_t *small_lock, *large_lock;

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
 * Put a key on one leaf, unless it reaches over an end of the range.
 * @next: out: the first address behind it; or where it has to be split
 *
 * Return: 1 if it was changed, 0 if it had the key; -EAGAIN when it has to be
 * split; -ENXIO where nothing is mapped.
 */
static int keymap_change(unsigned long addr, unsigned long end, int key,
			 unsigned long *next)
{
	unsigned long size;
	unsigned int level;
	int ret = -ENXIO;
	pteval_t old;
	pte_t *leaf;

	spin_lock(small_lock);
	spin_lock(large_lock);
	leaf = lookup_address(addr, &level);
	old = leaf ? READ_ONCE(leaf->pte) : 0;
	/* A poisoned page is not present, and is to keep its key. */
	if (!old)
		goto unlock;
	size = page_level_size(level);
	*next = (addr & ~(size - 1)) + size;
	ret = 0;
	if (leaf_key(old) == key)
		goto unlock;
	if (addr & (size - 1) || size > end - addr) {
		*next = addr & (size - 1) ? addr : end - 1;
		ret = -EAGAIN;
		goto unlock;
	}
	pages[leaf_key(old)] -= size >> PAGE_SHIFT;
	pages[key] += size >> PAGE_SHIFT;
	while (!try_cmpxchg(&leaf->pte, &old, leaf_with_key(old, key)))
		;
	ret = 1;
unlock:
	spin_unlock(large_lock);
	spin_unlock(small_lock);
	return ret;
}

/* Return: 1 if a leaf of the range was changed, 0 if none was, or an error. */
static int keymap_walk(unsigned long start, unsigned long end, int key)
{
	unsigned long addr = start, next;
	int changed = 0, ret;

	while (addr < end) {
		ret = keymap_change(addr, end, key, &next);
		if (ret == -EAGAIN) {
			ret = keymap_split(next);
			if (ret)
				return ret;
			continue;
		}
		if (ret < 0)
			return ret;
		changed |= ret;
		addr = next;
		/* Terabytes have millions of leaves. */
		cond_resched();
	}
	return changed;
}

/*
 * What the leaf of an address holds, or 0 where nothing is mapped. A large leaf
 * may be split between the look-up and the reading: what is read is then the
 * place of a table.
 */
static pteval_t keymap_read(unsigned long addr, unsigned int *level)
{
	unsigned long flags;
	pteval_t old;
	pte_t *leaf;

	do {
		/* Who frees a table (of vmalloc space) flushes first, by IPI. */
		local_irq_save(flags);
		leaf = lookup_address(addr, level);
		old = leaf ? READ_ONCE(leaf->pte) : 0;
		local_irq_restore(flags);
	} while (leaf && *level != PG_LEVEL_4K &&
		 (old & (_PAGE_PRESENT | _PAGE_PSE)) == _PAGE_PRESENT);
	return old;
}

/*
 * How much is not mapped where lookup_address() finds nothing. The level that it
 * names is that of the empty entry, or (6.1) of the table above.
 */
static unsigned long keymap_hole_size(unsigned int level)
{
	unsigned int nowhere;

	if (level == PG_LEVEL_4K)
		return PAGE_SIZE;
	if (level == PG_LEVEL_NONE)
		return P4D_SIZE;
	lookup_address(0, &nowhere);
	return page_level_size(nowhere == PG_LEVEL_NONE ? level - 1 : level);
}

/**
 * keymap_leaf() - what the leaf of an address maps
 * @addr: a kernel virtual address
 * @frame: out: the page frame that @addr is mapped to
 * @next: out: the first address that is not of this leaf, or of this hole
 *
 * Context: any in which nobody unmaps it.
 * Return: false where nothing is mapped.
 */
bool keymap_leaf(unsigned long addr, unsigned long *frame, unsigned long *next)
{
	unsigned int level;
	pteval_t old = keymap_read(addr, &level);
	unsigned long size;

	size = old ? page_level_size(level) : keymap_hole_size(level);
	*next = (addr & ~(size - 1)) + size;
	if (!old)
		return false;
	/* A large leaf has its PAT bit among those of the address. */
	*frame = (pte_pfn(__pte(old)) & ~PHYS_PFN(size - 1)) +
		 PHYS_PFN(addr & (size - 1));
	return true;
}

/* The same over the places that pages in vmalloc space have in the direct map. */
static int keymap_walk_direct(unsigned long start, unsigned long end, int key)
{
	unsigned long addr, next, frame, direct;
	int changed = 0, ret;

	for (addr = start; addr < end; addr = next) {
		if (!keymap_leaf(addr, &frame, &next))
			return -ENXIO;
		/* What is mapped without struct page (ioremap) has none. */
		if (!pfn_valid(frame))
			continue;
		direct = (unsigned long)pfn_to_kaddr(frame);
		ret = keymap_walk(direct, direct + min(next, end) - addr, key);
		if (ret < 0)
			return ret;
		changed |= ret;
	}
	return changed;
}

static int keymap_walk_all(unsigned long start, unsigned long end, int key,
			   bool direct)
{
	int ret = keymap_walk(start, end, key), more;

	if (ret < 0 || !direct)
		return ret;
	more = keymap_walk_direct(start, end, key);
	return more < 0 ? more : ret | more;
}

static void keymap_flush(void *unused)
{
	__flush_tlb_all();
}

/**
 * keymap_set() - put a key on the leaves of a range
 * @start: its first address
 * @end: the address after the last
 * @key: the key, or 0
 * @direct: whether also where the same pages are in the direct map
 *
 * As pks_set_key().
 */
int keymap_set(unsigned long start, unsigned long end, int key, bool direct)
{
	int ret = -EINVAL;

	if (start & ~PAGE_MASK || end & ~PAGE_MASK || start >= end)
		return ret;
	mutex_lock(&keymap_lock);
	if (key && !pks_key_taken(key))
		goto unlock;
	/* Before the first leaf changes: see fault_retry(). */
	WRITE_ONCE(keymap_changes, keymap_changes + 1);
	ret = keymap_walk_all(start, end, key, direct);
	/* Leave nothing half done: whatever was reached goes back. */
	if (ret < 0 && key)
		keymap_walk_all(start, end, 0, direct);
	if (ret)
		on_each_cpu(keymap_flush, NULL, 1);
	ret = min(ret, 0);
unlock:
	mutex_unlock(&keymap_lock);
	return ret;
}

int pks_set_key(unsigned long start, unsigned long end, int key)
{
	return keymap_set(start, end, key, is_vmalloc_addr((void *)start));
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

	return leaf_key(keymap_read(addr, &level));
}

/**
 * keymap_allows() - whether a leaf lets an access through, but for its key
 * @addr: a kernel virtual address
 * @write: which access
 *
 * Context: as keymap_key().
 */
bool keymap_allows(unsigned long addr, bool write)
{
	pteval_t wanted = _PAGE_PRESENT | (write ? _PAGE_RW : 0);
	unsigned int level;

	return (keymap_read(addr, &level) & wanted) == wanted;
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

	memset(leaves, 0, sizeof(*leaves));
	while (addr < end) {
		old = keymap_read(addr, &level);
		if (!old)
			return -ENXIO;
		leaves->nr[LEAF_INDEX(level)]++;
		leaves->keyed += leaf_key(old) == key;
		addr = (addr & page_level_mask(level)) + page_level_size(level);
	}
	return 0;
}

/**
 * keymap_init() - find the locks that the kernel changes its page tables under
 *
 * Return: 0 or -ENOENT.
 */
int __init keymap_init(void)
{
	small_lock = (spinlock_t *)hook_symbol("cpa_lock");
	large_lock = (spinlock_t *)hook_symbol("pgd_lock");
	if (small_lock && large_lock)
		return 0;
	pr_err("cannot resolve %s\n", small_lock ? "pgd_lock" : "cpa_lock");
	return -ENOENT;
}
