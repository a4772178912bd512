// SPDX-License-Identifier: GPL-2.0
/*
 * key.c: keys are allocated and freed. A key that is not allocated can't be used,
 * and one that is in use can't be freed.
 */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/uaccess.h>

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

/* The last denial that the owner saw. If @settle, it opens the key for one step. */
static struct denial asked;
static unsigned int times;
static bool settle;

static bool owner_denied(struct denial *denial)
{
	times++;
	asked = *denial;
	if (settle)
		grant_step(denial->key, denial->regs, false);
	return settle;
}

static const struct key_owner owner = { .denied = owner_denied };

static void the_owner_of_a_key_decides(struct kunit *test)
{
	int key = pks_key_alloc_for(PKS_DENY_WRITE, &owner);
	u64 *place = (u64 *)some_page(test) + 3;
	u64 value = 1, total = report_total();

	KUNIT_ASSERT_GT(test, key, 0);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_key,
							   (void *)(long)key));
	KUNIT_EXPECT_PTR_EQ(test, pks_key_owner(key), &owner);
	KUNIT_ASSERT_EQ(test, 0, pks_set_key((unsigned long)place & PAGE_MASK,
					     PAGE_ALIGN((unsigned long)place),
					     key));
	times = 0;
	settle = false;
	KUNIT_EXPECT_LT(test, copy_to_kernel_nofault(place, &value, 8), 0);
	KUNIT_EXPECT_EQ(test, times, 1);
	KUNIT_EXPECT_EQ(test, asked.at, (unsigned long)place);
	KUNIT_EXPECT_EQ(test, asked.key, key);
	KUNIT_EXPECT_FALSE(test, asked.read);
	KUNIT_EXPECT_EQ(test, *place, 0);
	settle = true;
	KUNIT_EXPECT_EQ(test, copy_to_kernel_nofault(place, &value, 8), 0);
	KUNIT_EXPECT_EQ(test, times, 2);
	KUNIT_EXPECT_EQ(test, *place, 1);
	KUNIT_EXPECT_EQ(test, pks_read(), pks_closed);
	KUNIT_EXPECT_EQ(test, report_total(), total);
	KUNIT_EXPECT_EQ(test, 0, pks_set_key((unsigned long)place & PAGE_MASK,
					     PAGE_ALIGN((unsigned long)place),
					     0));
}

/* Not even if no key is free. It may share the key of a namespace. */
static void a_domain_never_has_a_key_of_anothers(struct kunit *test)
{
	unsigned long page = some_page(test), vault_page = some_page(test);
	struct pmem_pks_domain *vault = NULL;
	struct domain d = {};
	u32 ours = 0;
	int key;

	while ((key = pks_key_alloc(PKS_DENY_WRITE)) > 0) {
		ours |= BIT(key);
		/* A domain has the last key, but a module has allocated it. */
		if (key == PKS_NR_KEYS - 1)
			vault = pmem_pks_domain_add("vault", key,
						    (void *)vault_page,
						    PAGE_SIZE);
	}
	KUNIT_EXPECT_EQ(test, key, -ENOSPC);
	KUNIT_EXPECT_FALSE(test, IS_ERR_OR_NULL(vault));
	domain_fill(&d, "kunit", 0, page, PAGE_SIZE);
	if (!domain_add(&d)) {
		KUNIT_EXPECT_EQ(test, ours & BIT(d.key), 0);
		domain_del(&d);
	}
	if (!IS_ERR_OR_NULL(vault))
		pmem_pks_domain_del(vault);
	for_each_key(key)
		if (ours & BIT(key))
			KUNIT_EXPECT_EQ(test, pks_key_free(key), 0);
}

static struct kunit_case key_cases[] = {
	KUNIT_CASE(keys_run_out_and_come_back),
	KUNIT_CASE(a_key_is_closed_from_the_start),
	KUNIT_CASE(what_is_not_allocated_is_refused),
	KUNIT_CASE(a_key_on_a_page_stays),
	KUNIT_CASE(a_granted_key_stays),
	KUNIT_CASE(the_owner_of_a_key_decides),
	KUNIT_CASE(a_domain_never_has_a_key_of_anothers),
	{}
};

static struct kunit_suite key_suite = {
	.name = "pmem_pks_key",
	.test_cases = key_cases,
};

kunit_test_suite(key_suite);
