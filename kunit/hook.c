// SPDX-License-Identifier: GPL-2.0
/*
 * hook.c: finding the function that called a trampoline.
 */
#include <kunit/test.h>

#include "internal.h"

static void an_address_that_no_hook_has_is_none(struct kunit *test)
{
	struct hook hooks[2] = {
		{ .addr = (unsigned long)hook_find, .size = 64 },
		{ .addr = (unsigned long)hook_drain, .size = 64 },
	};
	struct hook_set set = HOOK_SET(hooks, NULL, HOOK_OTHER);
	unsigned long first = hooks[0].addr, last = hooks[1].addr;

	KUNIT_EXPECT_PTR_EQ(test, hook_from(&set, first), &hooks[0]);
	KUNIT_EXPECT_PTR_EQ(test, hook_from(&set, first + HOOK_CALL_END),
			    &hooks[0]);
	KUNIT_EXPECT_PTR_EQ(test, hook_from(&set, last + 5), &hooks[1]);
	KUNIT_EXPECT_NULL(test, hook_from(&set, last + HOOK_CALL_END + 1));
	KUNIT_EXPECT_NULL(test, hook_from(&set, last - 1));
	KUNIT_EXPECT_NULL(test, hook_from(&set, 0));
}

static struct kunit_case hook_cases[] = {
	KUNIT_CASE(an_address_that_no_hook_has_is_none),
	{}
};

static struct kunit_suite hook_suite = {
	.name = "pmem_pks_hook",
	.test_cases = hook_cases,
};

kunit_test_suite(hook_suite);
