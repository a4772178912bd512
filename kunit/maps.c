// SPDX-License-Identifier: GPL-2.0
/*
 * The scenarios that tests/modules/maps.c runs on stock kernels, here with this
 * kernel's debugging: nesting and order of grants, other threads and CPUs, sleep,
 * migration, interrupts, NMI, ranges over a domain's edge, unmaps without a map.
 */
#include <kunit/test.h>
#include <linux/string.h>

#include "../tests/modules/scenarios.c"

struct kunit_run {
	struct scenario_run run;
	struct kunit *test;
};

static void tell(struct scenario_run *run, bool holds, const char *what)
{
	struct kunit *test = container_of(run, struct kunit_run, run)->test;

	KUNIT_EXPECT_TRUE_MSG(test, holds, "%s", what);
}

static void describe(const struct scenario *scenario, char *text)
{
	strscpy(text, scenario->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(scenario, scenarios, describe);

static void maps_grant(struct kunit *test)
{
	const struct scenario *scenario = test->param_value;
	struct kunit_run run = { .run.told = tell, .test = test };

	scenario->func(&run.run);
}

static int maps_suite_init(struct kunit_suite *suite)
{
	return scenarios_begin();
}

static void maps_suite_exit(struct kunit_suite *suite)
{
	scenarios_end();
}

static struct kunit_case maps_cases[] = {
	KUNIT_CASE_PARAM(maps_grant, scenario_gen_params),
	{}
};

static struct kunit_suite maps_suite = {
	.name = "pmem_pks_maps",
	.suite_init = maps_suite_init,
	.suite_exit = maps_suite_exit,
	.test_cases = maps_cases,
};

kunit_test_suite(maps_suite);
