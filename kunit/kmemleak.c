// SPDX-License-Identifier: GPL-2.0
/*
 * The driver, and the tests before this one, have leaked no memory. By itself,
 * kmemleak scans only after a minute, or when user space asks: the tests are over
 * before that. So this test calls kmemleak_scan().
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/mutex.h>

#include "internal.h"

/* Younger objects are not reported: MSECS_MIN_AGE of mm/kmemleak.c. */
#define MIN_AGE_MS	5000
/*
 * kmemleak reports an object that is unreferenced and unchanged since the last scan.
 */
#define SCANS		2

static void no_memory_is_leaked(struct kunit *test)
{
	unsigned long scan = symbols_find("kmemleak_scan");
	struct mutex *lock = (struct mutex *)symbols_find("scan_mutex");
	bool *found = (bool *)symbols_find("kmemleak_found_leaks");
	int i;

	KUNIT_ASSERT_NE(test, scan, 0);
	KUNIT_ASSERT_NOT_NULL(test, lock);
	KUNIT_ASSERT_NOT_NULL(test, found);
	msleep(MIN_AGE_MS + 500);
	mutex_lock(lock);
	for (i = 0; i < SCANS; i++)
		symbols_call(scan, 0, 0, 0, 0);
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
