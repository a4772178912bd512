/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The writers of writer.c, which are not static: each is to be a function of its
 * own, with the arguments that stand here.
 */
#ifndef PMEM_PKS_WRITER_H
#define PMEM_PKS_WRITER_H

#include <linux/types.h>

struct pair {
	long sum;
	long last;
};

/* In a register each, and four on the stack; and two that come back. */
struct pair writer_many_arguments(long *dst, long a, long b, long c, long d,
				  long e, long f, long g, long h, long i);
void writer_itself(u64 *dst);
void writer_three_deep(u64 *dst);
void writer_six_deep(u64 *dst);
void writer_after_sleep(u64 *dst);
void writer_in_nmi(u64 *dst);

#endif /* PMEM_PKS_WRITER_H */
