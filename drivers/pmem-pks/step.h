/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Performing a denied store: see step.c.
 */
#ifndef PMEM_PKS_STEP_H
#define PMEM_PKS_STEP_H

#include <linux/types.h>

struct pt_regs;
struct store;

enum step { STEP_DONE, STEP_STRING, STEP_UNKNOWN, STEP_FAULTED };

/* The longest window for pinned writes, in microseconds. */
#define STEP_WINDOW_US	50
/* A row of more stores than this gets a window. */
#define STEP_ROW	8

int step_init(void);
void step_exit(void);
bool step_front(struct pt_regs *regs, unsigned long *addr);
void step_row_ends(void);
bool step_goes_on(const struct pt_regs *regs, int key);
void step_will_go_on(const struct pt_regs *regs, int key);
bool step_row(const struct pt_regs *regs, unsigned long addr, int key);
enum step step_perform(const struct pt_regs *regs, unsigned long addr, int key,
		       struct pt_regs *after, struct store *store);
bool step_let_through(struct pt_regs *regs, int key, enum step done,
		      const struct pt_regs *after, bool once);

#endif /* PMEM_PKS_STEP_H */
