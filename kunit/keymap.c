// SPDX-License-Identifier: GPL-2.0
/*
 * keymap.c: counting leaves in the kernel's page tables.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "internal.h"

#define PAGES	16

static int area_init(struct kunit *test)
{
	test->priv = vzalloc(PAGES * PAGE_SIZE);
	return test->priv ? 0 : -ENOMEM;
}

static void area_exit(struct kunit *test)
{
	vfree(test->priv);
}

static void every_page_is_counted(struct kunit *test)
{
	unsigned long start = (unsigned long)test->priv;
	struct keymap_leaves leaves;

	KUNIT_ASSERT_EQ(test, 0, keymap_leaves(start, start + PAGES * PAGE_SIZE,
					       0, &leaves));
	KUNIT_EXPECT_EQ(test, leaves.nr[0], PAGES);
	KUNIT_EXPECT_EQ(test, leaves.nr[1] + leaves.nr[2], 0);
	KUNIT_EXPECT_EQ(test, leaves.keyed, PAGES);
}

static void a_key_that_no_page_has_is_not_found(struct kunit *test)
{
	unsigned long start = (unsigned long)test->priv;
	struct keymap_leaves leaves;

	KUNIT_ASSERT_EQ(test, 0, keymap_leaves(start, start + PAGES * PAGE_SIZE,
					       PKS_NR_KEYS - 1, &leaves));
	KUNIT_EXPECT_EQ(test, leaves.keyed, 0);
}

static void a_hole_is_an_error(struct kunit *test)
{
	struct keymap_leaves leaves;
	unsigned long start = PAGE_SIZE;

	KUNIT_EXPECT_EQ(test, -ENXIO, keymap_leaves(start, start + PAGE_SIZE, 0,
						    &leaves));
}

static struct kunit_case keymap_cases[] = {
	KUNIT_CASE(every_page_is_counted),
	KUNIT_CASE(a_key_that_no_page_has_is_not_found),
	KUNIT_CASE(a_hole_is_an_error),
	{}
};

static struct kunit_suite keymap_suite = {
	.name = "pmem_pks_keymap",
	.init = area_init,
	.exit = area_exit,
	.test_cases = keymap_cases,
};

kunit_test_suite(keymap_suite);
