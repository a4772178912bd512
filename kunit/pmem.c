// SPDX-License-Identifier: GPL-2.0
/*
 * pmem.c: the kernel is booted with an NVDIMM, whose fsdax namespace is a domain.
 * Writes to it are handled as they should be.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "internal.h"

#define NAMESPACE	"namespace0.0"
/* The kernel finds the NVDIMM during boot, and does not wait for that. */
#define NAMESPACE_WAIT	(10 * MSEC_PER_SEC)

static struct domain *pmem;

static void pmem_is_it(struct domain *d, void *unused)
{
	if (!strcmp(d->name, NAMESPACE) && d->protect)
		pmem = d;
}

static int pmem_suite_init(struct kunit_suite *suite)
{
	unsigned int waited;

	for (waited = 0; !pmem && waited < NAMESPACE_WAIT; waited += 20) {
		msleep(20);
		pmem_for_each(pmem_is_it, NULL);
	}
	return pmem ? 0 : -ENODEV;
}

static void every_leaf_of_a_namespace_has_its_key(struct kunit *test)
{
	struct keymap_leaves leaves;

	KUNIT_ASSERT_EQ(test, 0, keymap_leaves(pmem->start, pmem->end,
					       pmem->key, &leaves));
	KUNIT_EXPECT_NE(test, leaves.keyed, 0);
	KUNIT_EXPECT_EQ(test, leaves.keyed,
			leaves.nr[0] + leaves.nr[1] + leaves.nr[2]);
}

static void a_stray_write_is_counted_and_let_through(struct kunit *test)
{
	unsigned long *last = (unsigned long *)(pmem->end - sizeof(*last));
	unsigned long before = READ_ONCE(*last);
	u64 strays = atomic64_read(&pmem->stray_writes);

	WRITE_ONCE(*last, ~before);
	KUNIT_EXPECT_EQ(test, atomic64_read(&pmem->stray_writes), strays + 1);
	KUNIT_EXPECT_EQ(test, READ_ONCE(*last), ~before);
	WRITE_ONCE(*last, before);
	KUNIT_EXPECT_EQ(test, atomic64_read(&pmem->stray_writes), strays + 2);
}

static void a_writer_that_is_known_is_not_stray(struct kunit *test)
{
	void *last = (void *)(pmem->end - PAGE_SIZE);
	u64 strays = atomic64_read(&pmem->stray_writes);
	void *page = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	memset(page, 0x5a, PAGE_SIZE);
	memcpy_flushcache(last, page, PAGE_SIZE);
	KUNIT_EXPECT_MEMEQ(test, last, page, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, atomic64_read(&pmem->stray_writes), strays);
}

/* Or a namespace that comes meanwhile would find none. */
static void the_self_test_takes_no_key(struct kunit *test)
{
	u32 taken = 0;
	int key;

	while ((key = pks_key_alloc(PKS_DENY_WRITE)) > 0)
		taken |= BIT(key);
	KUNIT_EXPECT_EQ(test, key, -ENOSPC);
	KUNIT_EXPECT_EQ(test, selftest_run(NULL), 0);
	for_each_key(key)
		if (taken & BIT(key))
			KUNIT_EXPECT_EQ(test, pks_key_free(key), 0);
}

static struct kunit_case pmem_cases[] = {
	KUNIT_CASE(every_leaf_of_a_namespace_has_its_key),
	KUNIT_CASE(a_stray_write_is_counted_and_let_through),
	KUNIT_CASE(a_writer_that_is_known_is_not_stray),
	KUNIT_CASE(the_self_test_takes_no_key),
	{}
};

static struct kunit_suite pmem_suite = {
	.name = "pmem_pks_pmem",
	.suite_init = pmem_suite_init,
	.test_cases = pmem_cases,
};

kunit_test_suite(pmem_suite);
