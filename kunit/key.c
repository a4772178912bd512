// SPDX-License-Identifier: GPL-2.0
/*
 * Keys: handed out, taken back, and refused where they would be used without
 * having been handed out, or taken back while they are used.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/task.h>

#include "internal.h"

static void free_key(void *key)
{
	pks_key_free((long)key);
}

static int take(struct kunit *test, enum pks_deny deny)
{
	int key = pks_key_alloc(deny);

	KUNIT_ASSERT_GT(test, key, 0);
	KUNIT_ASSERT_LT(test, key, PKS_NR_KEYS);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_key,
							   (void *)(long)key));
	return key;
}

static void free_page_of(void *page)
{
	free_page((unsigned long)page);
}

static unsigned long some_page(struct kunit *test)
{
	unsigned long page = get_zeroed_page(GFP_KERNEL);

	KUNIT_ASSERT_NE(test, page, 0);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_page_of,
							   (void *)page));
	return page;
}

static void keys_run_out_and_come_back(struct kunit *test)
{
	int keys[PKS_NR_KEYS], nr, i, j;

	for (nr = 0; nr < PKS_NR_KEYS; nr++) {
		keys[nr] = pks_key_alloc(PKS_DENY_WRITE);
		if (keys[nr] < 0)
			break;
		for (j = 0; j < nr; j++)
			KUNIT_EXPECT_NE(test, keys[j], keys[nr]);
	}
	KUNIT_EXPECT_GT(test, nr, 0);
	KUNIT_EXPECT_LT(test, nr, PKS_NR_KEYS);
	KUNIT_EXPECT_EQ(test, pks_key_alloc(PKS_DENY_WRITE), -ENOSPC);
	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_EQ(test, pks_key_free(keys[i]), 0);
	KUNIT_EXPECT_EQ(test, pks_key_alloc(PKS_DENY_WRITE), keys[0]);
	KUNIT_EXPECT_EQ(test, pks_key_free(keys[0]), 0);
}

static void a_key_is_closed_from_the_start(struct kunit *test)
{
	int writes = take(test, PKS_DENY_WRITE);
	int all = take(test, PKS_DENY_ACCESS);

	KUNIT_EXPECT_EQ(test, pks_read() & PKRS_KEY_MASK(writes),
			PKRS_WRITE_DISABLE(writes));
	KUNIT_EXPECT_EQ(test, pks_read() & PKRS_KEY_MASK(all),
			PKRS_KEY_MASK(all));
}

static void what_is_not_allocated_is_refused(struct kunit *test)
{
	static const int wrong[] = { -1, 0, PKS_NR_KEYS, 1000 };
	unsigned long page = some_page(test);
	int key = pks_key_alloc(PKS_DENY_WRITE), i;

	KUNIT_ASSERT_GT(test, key, 0);
	KUNIT_ASSERT_EQ(test, pks_key_free(key), 0);
	KUNIT_EXPECT_EQ(test, pks_grant(key), -EINVAL);
	KUNIT_EXPECT_EQ(test, pks_revoke(key), -EINVAL);
	KUNIT_EXPECT_EQ(test, pks_key_free(key), -EINVAL);
	KUNIT_EXPECT_EQ(test, pks_set_key(page, page + PAGE_SIZE, key),
			-EINVAL);
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		KUNIT_EXPECT_EQ(test, pks_grant(wrong[i]), -EINVAL);
		KUNIT_EXPECT_EQ(test, pks_revoke(wrong[i]), -EINVAL);
		KUNIT_EXPECT_EQ(test, pks_key_free(wrong[i]), -EINVAL);
		if (wrong[i])
			KUNIT_EXPECT_EQ(test, -EINVAL,
					pks_set_key(page, page + PAGE_SIZE,
						    wrong[i]));
	}
	KUNIT_EXPECT_EQ(test, keymap_key(page), 0);
}

static void a_key_on_a_page_stays(struct kunit *test)
{
	unsigned long page = some_page(test);
	int key = take(test, PKS_DENY_WRITE);

	KUNIT_ASSERT_EQ(test, pks_set_key(page, page + PAGE_SIZE, key), 0);
	KUNIT_EXPECT_EQ(test, pks_key_free(key), -EBUSY);
	KUNIT_EXPECT_EQ(test, pks_grant(key), 0);
	KUNIT_EXPECT_EQ(test, pks_revoke(key), 0);
	KUNIT_EXPECT_EQ(test, pks_set_key(page, page + PAGE_SIZE, 0), 0);
}

static int grant_and_wait(void *key)
{
	long ret = pks_grant((long)key);

	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ / 10);
	pks_revoke((long)key);
	return ret;
}

static void a_granted_key_stays(struct kunit *test)
{
	int key = take(test, PKS_DENY_WRITE);
	struct task_struct *task;

	KUNIT_ASSERT_EQ(test, pks_grant(key), 0);
	KUNIT_EXPECT_EQ(test, pks_key_free(key), -EBUSY);
	KUNIT_EXPECT_EQ(test, pks_revoke(key), 0);

	task = kthread_run(grant_and_wait, (void *)(long)key, "pks-granted");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	schedule_timeout_uninterruptible(HZ / 5);
	KUNIT_EXPECT_EQ(test, pks_key_free(key), -EBUSY);
	KUNIT_EXPECT_EQ(test, kthread_stop(task), 0);
	KUNIT_EXPECT_EQ(test, pks_key_free(key), 0);
	KUNIT_EXPECT_EQ(test, pks_key_free(key), -EINVAL);
}

static struct kunit_case key_cases[] = {
	KUNIT_CASE(keys_run_out_and_come_back),
	KUNIT_CASE(a_key_is_closed_from_the_start),
	KUNIT_CASE(what_is_not_allocated_is_refused),
	KUNIT_CASE(a_key_on_a_page_stays),
	KUNIT_CASE(a_granted_key_stays),
	{}
};

static struct kunit_suite key_suite = {
	.name = "pmem_pks_key",
	.test_cases = key_cases,
};

kunit_test_suite(key_suite);
