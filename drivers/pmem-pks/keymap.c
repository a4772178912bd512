// SPDX-License-Identifier: GPL-2.0
/*
 * Keys on the leaves of the kernel's page tables: bits 59..62 of a 4 KiB, 2 MiB
 * or 1 GiB entry (Intel SDM volume 3A, 4.6.2 and tables 4-15 ff.).
 *
 * The kernel changes the same entries by a read and a later write: it splits or
 * replaces a large leaf under pgd_lock, and changes a leaf of 4 KiB under
 * cpa_lock (arch/x86/mm/pat/set_memory.c: __split_large_page(),
 * should_split_large_page(), __change_page_attr()). So a leaf is looked up and
 * changed here with both locks held. If the kernel read the leaf before, it has
 * written it by then, and the change is made to what it wrote. If the kernel reads
 * the leaf later, it reads the new key, and copies that to each piece of a split.
 * So it never writes back an old key, and one walk is enough. The CPU sets the bits
 * accessed and dirty without a lock: hence the compare-and-exchange.
 *
 * With debug_pagealloc, the kernel changes leaves of 4 KiB without cpa_lock. Then it
 * does not even serialize its own changes.
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

/* A leaf's level as an index: PG_LEVEL_4K, _2M and _1G are consecutive. */
#define LEAF_INDEX(level)	((level) - PG_LEVEL_4K)

/* Orders the changes of leaves, and in key.c those of the keys. */
DEFINE_MUTEX(keymap_lock);
/* Number of 4 KiB pages that carry each key. */
static long pages[PKS_NR_KEYS];
/* Number of calls of keymap_set(). */
static unsigned int changes;

/* The last access that was repeated, as the TLB may be behind the page tables. */
struct keymap_tries {
	unsigned long ip;
	unsigned long addr;
	unsigned int changes;
	unsigned int nr;
};

static DEFINE_PER_CPU(struct keymap_tries, keymap_tries);

#define KEYMAP_TRIES	16

static pteval_t leaf_with_key(pteval_t leaf, int key)
{
	return (leaf & ~_PAGE_PKEY_MASK) | ((pteval_t)key << LEAF_KEY_SHIFT);
}

static int leaf_key(pteval_t leaf)
{
	return (leaf & _PAGE_PKEY_MASK) >> LEAF_KEY_SHIFT;
}

/*
 * Split the large leaf that maps an address, so that the page at the address has a
 * leaf of 4 KiB, and the rest has as few leaves as possible.
 */
static int keymap_split(unsigned long addr)
{
	return kernel_set_memory_4k(addr & PAGE_MASK, 1);
}

/*
 * Put a key on one leaf, unless the leaf reaches over an end of the range.
 * @next: out: the first address after the leaf; for -EAGAIN, an address whose leaf
 *	  has to be split
 *
 * Return: 1 if the leaf was changed; 0 if it had the key already; -EAGAIN if it has
 * to be split first; -ENXIO if nothing is mapped.
 */
static int keymap_change(unsigned long addr, unsigned long end, int key,
			 unsigned long *next)
{
	unsigned long size;
	unsigned int level;
	int ret = -ENXIO;
	pteval_t old;
	pte_t *leaf;

	lockdep_assert_held(&keymap_lock);
	spin_lock(symbols.cpa_lock);
	spin_lock(symbols.pgd_lock);
	leaf = lookup_address(addr, &level);
	old = leaf ? READ_ONCE(leaf->pte) : 0;
	/* Not _PAGE_PRESENT alone: a poisoned page is not present, but has a key. */
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
	spin_unlock(symbols.pgd_lock);
	spin_unlock(symbols.cpa_lock);
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
 * Return: the leaf entry of an address, or 0 if nothing is mapped. A large leaf may
 * be split between the lookup and the read, which then reads a pointer to a table:
 * in that case look again.
 */
static pteval_t keymap_read(unsigned long addr, unsigned int *level)
{
	unsigned long flags;
	pteval_t old;
	pte_t *leaf;

	do {
		/*
		 * The kernel sends an IPI before it frees a table (vmalloc space).
		 */
		local_irq_save(flags);
		leaf = lookup_address(addr, level);
		old = leaf ? READ_ONCE(leaf->pte) : 0;
		local_irq_restore(flags);
	} while (leaf && *level != PG_LEVEL_4K &&
		 (old & (_PAGE_PRESENT | _PAGE_PSE)) == _PAGE_PRESENT);
	return old;
}

/*
 * Return: the size of the hole where lookup_address() finds nothing. It reports the
 * level of the empty entry, or on 6.1 one level more.
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
 * keymap_leaf() - find the page frame that an address is mapped to
 * @addr: a kernel virtual address
 * @frame: out: the page frame
 * @next: out: the first address after this leaf, or after this hole
 *
 * Context: any; the caller makes sure that @addr is not unmapped meanwhile.
 * Return: false if nothing is mapped at @addr.
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
	/* A large leaf has its PAT bit among the bits of the frame. */
	*frame = (pte_pfn(__pte(old)) & ~PHYS_PFN(size - 1)) +
		 PHYS_PFN(addr & (size - 1));
	return true;
}

/* keymap_walk() over the direct map of the pages of a vmalloc range. */
static int keymap_walk_direct(unsigned long start, unsigned long end, int key)
{
	unsigned long addr, next, frame, direct;
	int changed = 0, ret;

	for (addr = start; addr < end; addr = next) {
		if (!keymap_leaf(addr, &frame, &next))
			return -ENXIO;
		cond_resched();
		/* A frame without struct page (ioremap) is not in the direct map. */
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
 * @start: first address
 * @end: address after the last byte
 * @key: the key, or 0
 * @direct: whether the pages get the key in the direct map as well
 *
 * Context: process context, keymap_lock held, sleeps.
 * Return: as pks_set_key().
 */
int keymap_set(unsigned long start, unsigned long end, int key, bool direct)
{
	int ret;

	if (start & ~PAGE_MASK || end & ~PAGE_MASK || start >= end)
		return -EINVAL;
	/* Before the first leaf changes: see keymap_try_again(). */
	WRITE_ONCE(changes, changes + 1);
	ret = keymap_walk_all(start, end, key, direct);
	/* On an error, take the key off the leaves that already have it. */
	if (ret < 0 && key)
		keymap_walk_all(start, end, 0, direct);
	if (ret)
		on_each_cpu(keymap_flush, NULL, 1);
	return min(ret, 0);
}

/**
 * keymap_is_used() - check whether a page carries a key
 * @key: the key
 *
 * Context: keymap_lock held.
 * Return: whether one does.
 */
bool keymap_is_used(int key)
{
	lockdep_assert_held(&keymap_lock);
	return pages[key];
}

/**
 * keymap_key() - the key of the page at an address
 * @addr: a kernel virtual address
 *
 * Context: any, the page fault above all.
 * Return: the key; 0 also if nothing is mapped.
 */
int keymap_key(unsigned long addr)
{
	unsigned int level;

	return leaf_key(keymap_read(addr, &level));
}

/* Whether a leaf allows an access, apart from its key. */
static bool keymap_allows(unsigned long addr, bool write)
{
	pteval_t wanted = _PAGE_PRESENT | (write ? _PAGE_RW : 0);
	unsigned int level;

	return (keymap_read(addr, &level) & wanted) == wanted;
}

/**
 * keymap_try_again() - decide whether to repeat a denied access that is allowed now
 * @ip: address of the instruction
 * @addr: the address that it accesses
 * @write: whether it writes
 *
 * A leaf's key was changed, and this CPU had the old key in its TLB. The fault has
 * dropped that TLB entry (Intel SDM volume 3A, 4.10.4.1). So one repetition for each
 * change of keys should do. Up to KEYMAP_TRIES are allowed, in case a CPU does not
 * behave as documented. After that the fault is left to the kernel.
 *
 * An interrupt or NMI between two tries may use this function too, and reset the
 * count. It can't do so for ever: its own tries are counted, and it ends before the
 * interrupted code goes on.
 *
 * Context: the page fault, interrupts off; PKRS allows the access.
 * Return: false if the leaf denies the access for another reason than its key, or if
 * there were too many tries.
 */
bool keymap_try_again(unsigned long ip, unsigned long addr, bool write)
{
	struct keymap_tries *last = this_cpu_ptr(&keymap_tries);
	unsigned int now = READ_ONCE(changes);

	if (!keymap_allows(addr, write))
		return false;
	if (last->ip != ip || last->addr != addr || last->changes != now) {
		last->ip = ip;
		last->addr = addr;
		last->changes = now;
		last->nr = 0;
	}
	return last->nr++ < KEYMAP_TRIES;
}

/**
 * keymap_leaves() - count the leaves of a range
 * @start: first address
 * @end: address after the last byte
 * @key: the key that the leaves should carry
 * @leaves: out: number of leaves of each size, and of leaves that carry @key
 *
 * Context: process context, sleeps.
 * Return: 0, or -ENXIO if a part is not mapped.
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
		cond_resched();
	}
	return 0;
}
