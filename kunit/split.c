// SPDX-License-Identifier: GPL-2.0
/*
 * keymap.c: a large leaf is split if a range ends inside it, and only then. If the
 * kernel changes the same leaves meanwhile, no page loses its key.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/set_memory.h>
#include <linux/spinlock.h>
#include <asm/pgtable.h>

#include "internal.h"

/*
 * The most blocks of memory that are tried to find one under a leaf of the level.
 * The kernel has split some leaves of 1 GiB by then, which ones differs from boot to
 * boot. So the machine has several.
 */
#define TRIES	1536
#define ANY_LEVEL	PG_LEVEL_NONE
#define ORDER	(PMD_SHIFT - PAGE_SHIFT)

struct block {
	struct page *page;
	unsigned long start;
	int key;
};

static unsigned int level_of(unsigned long addr)
{
	unsigned int level;

	return lookup_address(addr, &level) ? level : 0;
}

static void give_back(void *arg)
{
	struct block *block = arg;

	pks_set_key(block->start, block->start + PMD_SIZE, 0);
	pks_key_free(block->key);
	__free_pages(block->page, ORDER);
}

/* Allocate 2 MiB of memory that is mapped by leaves of a level, and a key. */
static struct block *take(struct kunit *test, unsigned int level)
{
	struct block *block = kunit_kzalloc(test, sizeof(*block), GFP_KERNEL);
	struct page *page, *next;
	LIST_HEAD(others);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, block);
	for (i = 0; i < TRIES && !block->page; i++) {
		page = alloc_pages(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN,
				   ORDER);
		if (!page)
			break;
		if (level == ANY_LEVEL ||
		    level_of((unsigned long)page_address(page)) == level)
			block->page = page;
		else
			list_add(&page->lru, &others);
	}
	list_for_each_entry_safe(page, next, &others, lru) {
		list_del(&page->lru);
		__free_pages(page, ORDER);
	}
	KUNIT_ASSERT_NOT_NULL(test, block->page);
	block->start = (unsigned long)page_address(block->page);
	block->key = pks_key_alloc(PKS_DENY_WRITE);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, give_back,
							   block));
	return block;
}

/* Expect that these pages of a block carry its key, and no others do. */
static void only(struct kunit *test, const struct block *block,
		 unsigned long first, unsigned long nr)
{
	unsigned long page, wrong = 0;

	for (page = 0; page < PTRS_PER_PTE; page++)
		if (keymap_key(block->start + page * PAGE_SIZE) !=
		    (page - first < nr ? block->key : 0))
			wrong++;
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_EQ(test, keymap_key(block->start - 1), 0);
	KUNIT_EXPECT_EQ(test, keymap_key(block->start + PMD_SIZE), 0);
}

static int set(const struct block *block, unsigned long first,
	       unsigned long nr, int key)
{
	unsigned long start = block->start + first * PAGE_SIZE;

	return pks_set_key(start, start + nr * PAGE_SIZE, key);
}

static void a_whole_leaf_is_not_split(struct kunit *test)
{
	struct block *block = take(test, PG_LEVEL_2M);

	KUNIT_EXPECT_EQ(test, 0, set(block, 0, PTRS_PER_PTE, block->key));
	KUNIT_EXPECT_EQ(test, level_of(block->start), PG_LEVEL_2M);
	only(test, block, 0, PTRS_PER_PTE);
	KUNIT_EXPECT_EQ(test, pks_key_free(block->key), -EBUSY);
	KUNIT_EXPECT_EQ(test, 0, set(block, 0, PTRS_PER_PTE, 0));
	only(test, block, 0, 0);
}

static void a_leaf_of_2m_is_split_where_a_range_ends(struct kunit *test)
{
	struct block *block = take(test, PG_LEVEL_2M);

	KUNIT_EXPECT_EQ(test, 0, set(block, 7, 5, block->key));
	KUNIT_EXPECT_EQ(test, level_of(block->start), PG_LEVEL_4K);
	only(test, block, 7, 5);
	/* Put it on pages with and without it; then remove it from all but one. */
	KUNIT_EXPECT_EQ(test, 0, set(block, 3, 20, block->key));
	only(test, block, 3, 20);
	KUNIT_EXPECT_EQ(test, 0, set(block, 4, 100, 0));
	only(test, block, 3, 1);
	KUNIT_EXPECT_EQ(test, pks_key_free(block->key), -EBUSY);
	KUNIT_EXPECT_EQ(test, 0, set(block, 3, 1, 0));
	only(test, block, 0, 0);
}

static void a_key_is_taken_from_a_part_of_a_leaf(struct kunit *test)
{
	struct block *block = take(test, PG_LEVEL_2M);

	KUNIT_EXPECT_EQ(test, 0, set(block, 0, PTRS_PER_PTE, block->key));
	KUNIT_EXPECT_EQ(test, 0, set(block, 100, PTRS_PER_PTE - 100, 0));
	KUNIT_EXPECT_EQ(test, level_of(block->start), PG_LEVEL_4K);
	only(test, block, 0, 100);
}

static void a_leaf_of_1g_is_split_no_further_than_needed(struct kunit *test)
{
	struct block *block = take(test, PG_LEVEL_1G);
	unsigned long other = (block->start & PUD_MASK) == block->start ?
			      block->start + PMD_SIZE : block->start - PMD_SIZE;

	/* Of 2 MiB of it: split to leaves of 2 MiB. */
	KUNIT_EXPECT_EQ(test, 0, set(block, 0, PTRS_PER_PTE, block->key));
	only(test, block, 0, PTRS_PER_PTE);
	KUNIT_EXPECT_EQ(test, level_of(other), PG_LEVEL_2M);
	/* Of some pages of these 2 MiB: only their leaf is split. */
	KUNIT_EXPECT_EQ(test, 0, set(block, 500, 12, 0));
	KUNIT_EXPECT_EQ(test, level_of(block->start), PG_LEVEL_4K);
	KUNIT_EXPECT_EQ(test, level_of(other), PG_LEVEL_2M);
	only(test, block, 0, 500);
}

static void a_range_that_is_none_is_refused(struct kunit *test)
{
	struct block *block = take(test, ANY_LEVEL);
	unsigned long start = block->start;
	int key = block->key;

	KUNIT_EXPECT_EQ(test, -EINVAL, pks_set_key(start + 1, start + 4096,
						   key));
	KUNIT_EXPECT_EQ(test, -EINVAL, pks_set_key(start, start + 4095, key));
	KUNIT_EXPECT_EQ(test, -EINVAL, pks_set_key(start, start, key));
	KUNIT_EXPECT_EQ(test, -EINVAL, pks_set_key(start + 4096, start, key));
	only(test, block, 0, 0);
	/* A hole is an error, and no page keeps the key. */
	KUNIT_EXPECT_EQ(test, -ENXIO, pks_set_key(PAGE_SIZE, 2 * PAGE_SIZE,
						  key));
	KUNIT_EXPECT_EQ(test, pks_key_free(key), 0);
	block->key = pks_key_alloc(PKS_DENY_WRITE);
}

/* A thread that calls pks_set_key() on another CPU. */
struct setter {
	struct block *block;
	int key;
	bool begun;
	int ret;
	struct completion done;
};

static int set_all(void *arg)
{
	struct setter *setter = arg;

	WRITE_ONCE(setter->begun, true);
	setter->ret = set(setter->block, 0, PTRS_PER_PTE, setter->key);
	complete(&setter->done);
	return 0;
}

/*
 * Change a leaf as set_memory_*() does: read it and write it back under a lock of
 * the kernel. This takes long, and meanwhile another CPU sets or removes a key.
 */
static void change_slowly(struct kunit *test, const char *lock_name,
			  struct block *block, int key)
{
	spinlock_t *lock = (spinlock_t *)symbols_find(lock_name);
	struct setter setter = { .block = block, .key = key };
	struct task_struct *task;
	unsigned int level;
	pte_t *leaf, old;

	KUNIT_ASSERT_NOT_NULL(test, lock);
	init_completion(&setter.done);
	task = kthread_create(set_all, &setter, "pks-set");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	migrate_disable();
	kthread_bind(task, cpumask_any_but(cpu_online_mask,
					   smp_processor_id()));
	spin_lock(lock);
	leaf = lookup_address(block->start, &level);
	old = READ_ONCE(*leaf);
	wake_up_process(task);
	while (!READ_ONCE(setter.begun))
		cpu_relax();
	mdelay(20);
	set_pte_atomic(leaf, old);
	spin_unlock(lock);
	migrate_enable();
	wait_for_completion(&setter.done);
	KUNIT_EXPECT_EQ(test, setter.ret, 0);
	only(test, block, 0, key ? PTRS_PER_PTE : 0);
}

static void a_change_of_a_large_leaf_loses_no_key(struct kunit *test)
{
	struct block *block = take(test, PG_LEVEL_2M);

	change_slowly(test, "pgd_lock", block, block->key);
	change_slowly(test, "pgd_lock", block, 0);
	KUNIT_EXPECT_EQ(test, level_of(block->start), PG_LEVEL_2M);
}

static void a_change_of_a_small_leaf_loses_no_key(struct kunit *test)
{
	struct block *block = take(test, PG_LEVEL_2M);

	KUNIT_EXPECT_EQ(test, 0, set_memory_4k(block->start, 1));
	KUNIT_EXPECT_EQ(test, level_of(block->start), PG_LEVEL_4K);
	change_slowly(test, "cpa_lock", block, block->key);
	change_slowly(test, "cpa_lock", block, 0);
}

/* Splits a block's leaf, and changes its pages, until the thread is stopped. */
static int change_pages(void *arg)
{
	const struct block *block = arg;
	unsigned long page;

	for (page = 0; !kthread_should_stop(); page = (page + 37) % PTRS_PER_PTE) {
		set_memory_ro(block->start + page * PAGE_SIZE, 1);
		set_memory_rw(block->start + page * PAGE_SIZE, 1);
		cond_resched();
	}
	return 0;
}

#define SPLITS	16
#define CHANGES	24

static void no_page_loses_or_gains_a_key_in_a_split(struct kunit *test)
{
	struct task_struct *task;
	struct block *block;
	int i, j;

	for (i = 0; i < SPLITS; i++) {
		block = take(test, PG_LEVEL_2M);
		task = kthread_run(change_pages, block, "pks-change");
		KUNIT_ASSERT_FALSE(test, IS_ERR(task));
		for (j = 0; j < CHANGES; j++) {
			KUNIT_EXPECT_EQ(test, 0, set(block, 0, PTRS_PER_PTE,
						     block->key));
			only(test, block, 0, PTRS_PER_PTE);
			KUNIT_EXPECT_EQ(test, 0, set(block, 0, PTRS_PER_PTE,
						     0));
			only(test, block, 0, 0);
		}
		KUNIT_EXPECT_EQ(test, kthread_stop(task), 0);
		KUNIT_EXPECT_EQ(test, level_of(block->start), PG_LEVEL_4K);
		/* So no page is counted that does not carry the key. */
		KUNIT_EXPECT_EQ(test, pks_key_free(block->key), 0);
		block->key = pks_key_alloc(PKS_DENY_WRITE);
		KUNIT_ASSERT_GT(test, block->key, 0);
		kunit_release_action(test, give_back, block);
	}
}

static struct kunit_case split_cases[] = {
	KUNIT_CASE(a_whole_leaf_is_not_split),
	KUNIT_CASE(a_leaf_of_2m_is_split_where_a_range_ends),
	KUNIT_CASE(a_key_is_taken_from_a_part_of_a_leaf),
	KUNIT_CASE(a_leaf_of_1g_is_split_no_further_than_needed),
	KUNIT_CASE(a_range_that_is_none_is_refused),
	KUNIT_CASE(a_change_of_a_large_leaf_loses_no_key),
	KUNIT_CASE(a_change_of_a_small_leaf_loses_no_key),
	KUNIT_CASE(no_page_loses_or_gains_a_key_in_a_split),
	{}
};

static struct kunit_suite split_suite = {
	.name = "pmem_pks_split",
	.test_cases = split_cases,
};

kunit_test_suite(split_suite);
