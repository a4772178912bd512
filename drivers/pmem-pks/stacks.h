/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which threads are inside some code: see stacks.c.
 */
#ifndef PMEM_PKS_STACKS_H
#define PMEM_PKS_STACKS_H

#include <linux/types.h>

struct task_struct;

typedef unsigned long (*stacks_inside_t)(struct task_struct *task, void *arg);

/* The cost of looking at stacks, since load. */
struct stacks_stats {
	u64 threads;		/* threads looked at */
	u64 stops;		/* how often the machine was stopped */
	u64 longest_ns;		/* the longest stop, in nanoseconds */
};

extern struct stacks_stats stacks_stats;

bool stacks_walk(struct task_struct *task,
		 bool (*each)(unsigned long ip, void *arg), void *arg);
unsigned long stacks_word(struct task_struct *task,
			  bool (*is)(unsigned long word, void *arg), void *arg);
int stacks_wait(stacks_inside_t inside, void *arg, const char *what,
		bool interruptible);

#endif /* PMEM_PKS_STACKS_H */
