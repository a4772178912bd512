// SPDX-License-Identifier: GPL-2.0
/*
 * What the assembler has to know of structures: compiled to offsets.h, as the
 * kernel's own asm-offsets.c is.
 */
#define COMPILE_OFFSETS

/* First: it refuses the kernels that are not served. */
#include "compat.h"

#include <linux/kbuild.h>
#include <linux/sched.h>

#include "internal.h"

int main(void)
{
	OFFSET(CONTAIN_src, contain_operands, src);
	OFFSET(CONTAIN_count, contain_operands, count);
	OFFSET(CONTAIN_flags, contain_operands, flags);
	DEFINE(CONTAIN_SLOT, CONTAIN_SLOT);
	DEFINE(GRANT_SIZE, sizeof(struct grant));
	OFFSET(TASK_preempt_notifiers, task_struct, preempt_notifiers);
	return 0;
}
