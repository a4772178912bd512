// SPDX-License-Identifier: GPL-2.0
/*
 * Offsets and sizes of structures for the assembly files: compiled to offsets.h, as
 * the kernel's asm-offsets.c is to its header.
 */
#define COMPILE_OFFSETS

/* First, as it refuses kernels that are not supported. */
#include "compat.h"

#include <linux/kbuild.h>
#include <linux/sched.h>

#include "internal.h"

int main(void)
{
	OFFSET(OPERANDS_src, insn_operands, src);
	OFFSET(OPERANDS_count, insn_operands, count);
	OFFSET(OPERANDS_flags, insn_operands, flags);
	DEFINE(INSN_SLOT, INSN_SLOT);
	DEFINE(GRANT_SIZE, sizeof(struct grant));
	OFFSET(TASK_preempt_notifiers, task_struct, preempt_notifiers);
	return 0;
}
