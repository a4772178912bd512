/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What maps and grants promise, as scenarios that a module runs on a stock
 * kernel (maps.c) and KUnit on its own (kunit/maps.c).
 */
#ifndef PMEM_PKS_SCENARIOS_H
#define PMEM_PKS_SCENARIOS_H

#include <linux/types.h>

/* The pages that the scenarios are about, contiguous. */
enum {
	PAGE_BELOW,		/* ordinary RAM */
	PAGE_A, PAGES_A = 4,	/* domain "one" */
	PAGE_B = PAGE_A + PAGES_A, PAGES_B = 2,	/* domain "two" */
	PAGE_ABOVE = PAGE_B + PAGES_B,	/* ordinary RAM again */
	NR_PAGES = 8
};

/* What a scenario found is told to its runner. */
struct scenario_run {
	void (*told)(struct scenario_run *run, bool holds, const char *what);
};

struct scenario {
	const char *name;
	void (*func)(struct scenario_run *run);
};

extern const struct scenario scenarios[];
extern const unsigned int nr_scenarios;

int scenarios_begin(void);
void scenarios_end(void);

/* For a page fault in a window, which the module makes itself. */
struct page *scenarios_page(unsigned int page);
bool scenarios_open(void);
unsigned int scenarios_strays(void);

#endif /* PMEM_PKS_SCENARIOS_H */
