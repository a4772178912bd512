// SPDX-License-Identifier: GPL-2.0
/*
 * pmem.c: the namespace of the NVDIMM that this kernel was booted with, an
 * fsdax one, is a domain; and what becomes of writes to it.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "internal.h"

#define NAMESPACE	"namespace0.0"
/* The NVDIMM is found while the kernel boots, and nobody waits for it. */
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

static struct kunit_case pmem_cases[] = {
	KUNIT_CASE(every_leaf_of_a_namespace_has_its_key),
	KUNIT_CASE(a_stray_write_is_counted_and_let_through),
	KUNIT_CASE(a_writer_that_is_known_is_not_stray),
	{}
};

static struct kunit_suite pmem_suite = {
	.name = "pmem_pks_pmem",
	.suite_init = pmem_suite_init,
	.test_cases = pmem_cases,
};

kunit_test_suite(pmem_suite);
