// SPDX-License-Identifier: GPL-2.0
/*
 * Of what the driver and the tests before this one allocated, nothing is left
 * that nobody knows. The kernel looks by itself after a minute, when this one
 * has long ended, and it is asked from user space, which is never reached.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/mutex.h>

#include "internal.h"

/* Younger objects are not reported: MSECS_MIN_AGE of mm/kmemleak.c. */
#define MIN_AGE_MS	5000
/* An object is taken for lost when it is the same as the last time. */
#define SCANS		2

static void no_memory_is_leaked(struct kunit *test)
{
	unsigned long scan = hook_symbol("kmemleak_scan");
	struct mutex *lock = (struct mutex *)hook_symbol("scan_mutex");
	bool *found = (bool *)hook_symbol("kmemleak_found_leaks");
	int i;

	KUNIT_ASSERT_NE(test, scan, 0);
	KUNIT_ASSERT_NOT_NULL(test, lock);
	KUNIT_ASSERT_NOT_NULL(test, found);
	msleep(MIN_AGE_MS + 500);
	mutex_lock(lock);
	for (i = 0; i < SCANS; i++)
		hook_call(scan, 0, 0, 0, 0);
	mutex_unlock(lock);
	KUNIT_EXPECT_FALSE_MSG(test, *found, "see the log above");
}

static struct kunit_case kmemleak_cases[] = {
	KUNIT_CASE_SLOW(no_memory_is_leaked),
	{}
};

static struct kunit_suite kmemleak_suite = {
	.name = "pmem_pks_kmemleak",
	.test_cases = kmemleak_cases,
};

kunit_test_suite(kmemleak_suite);
