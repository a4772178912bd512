// SPDX-License-Identifier: GPL-2.0
/*
 * domain.c: the table of domains, tested with ranges of vmalloc space. No test
 * writes to them, so there are no faults.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/vmalloc.h>

#include "internal.h"

#define PAGES	4

static struct domain *find(unsigned long addr)
{
	const struct domain_range *range;
	struct domain *d;

	preempt_disable();
	d = domain_find(addr, &range) ? range->domain : NULL;
	preempt_enable();
	return d;
}

static void end_domain(void *d)
{
	domain_del(d);
}

KUNIT_DEFINE_ACTION_WRAPPER(free_pages_of, vfree, void *);

/* Make a domain of @pages. It is removed at the end of the test. */
static struct domain *make_domain(struct kunit *test, unsigned int pages)
{
	struct domain *d = kunit_kzalloc(test, sizeof(*d), GFP_KERNEL);
	void *start = vzalloc(pages * PAGE_SIZE);

	KUNIT_ASSERT_NOT_NULL(test, d);
	KUNIT_ASSERT_NOT_NULL(test, start);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, free_pages_of, start));
	domain_fill(d, "kunit", 0, (unsigned long)start, pages * PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, 0, domain_add(d));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, end_domain, d));
	return d;
}

static void a_domain_is_found_from_its_first_byte_to_its_last(struct kunit *test)
{
	struct domain *d = make_domain(test, PAGES);

	KUNIT_EXPECT_PTR_EQ(test, find(d->start), d);
	KUNIT_EXPECT_PTR_EQ(test, find(d->end - 1), d);
	KUNIT_EXPECT_NULL(test, find(d->start - 1));
	KUNIT_EXPECT_NULL(test, find(d->end));
}

static void each_of_many_domains_is_found(struct kunit *test)
{
	struct domain *d[5];
	int i;

	for (i = 0; i < ARRAY_SIZE(d); i++)
		d[i] = make_domain(test, 1 + i);
	for (i = 0; i < ARRAY_SIZE(d); i++) {
		KUNIT_EXPECT_PTR_EQ(test, find(d[i]->start), d[i]);
		KUNIT_EXPECT_PTR_EQ(test, find(d[i]->end - 1), d[i]);
	}
}

static void a_domain_that_ended_is_not_found(struct kunit *test)
{
	struct domain *d = make_domain(test, PAGES);
	struct domain *other = make_domain(test, PAGES);

	kunit_release_action(test, end_domain, d);
	KUNIT_EXPECT_NULL(test, find(d->start));
	KUNIT_EXPECT_PTR_EQ(test, find(other->start), other);
}

static void protection_puts_the_key_on_every_page(struct kunit *test)
{
	struct domain *d = make_domain(test, PAGES);
	struct keymap_leaves leaves;

	KUNIT_EXPECT_NE(test, d->key, 0);
	KUNIT_ASSERT_EQ(test, 0, domain_protect(d, true));
	KUNIT_ASSERT_EQ(test, 0,
			keymap_leaves(d->start, d->end, d->key, &leaves));
	KUNIT_EXPECT_EQ(test, leaves.keyed, PAGES);

	KUNIT_ASSERT_EQ(test, 0, domain_protect(d, false));
	KUNIT_ASSERT_EQ(test, 0, keymap_leaves(d->start, d->end, 0, &leaves));
	KUNIT_EXPECT_EQ(test, leaves.keyed, PAGES);
}

static struct kunit_case domain_cases[] = {
	KUNIT_CASE(a_domain_is_found_from_its_first_byte_to_its_last),
	KUNIT_CASE(each_of_many_domains_is_found),
	KUNIT_CASE(a_domain_that_ended_is_not_found),
	KUNIT_CASE(protection_puts_the_key_on_every_page),
	{}
};

static struct kunit_suite domain_suite = {
	.name = "pmem_pks_domain",
	.test_cases = domain_cases,
};

kunit_test_suite(domain_suite);
