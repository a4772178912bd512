// SPDX-License-Identifier: GPL-2.0
/*
 * What the assembler has to know of structures: compiled to offsets.h, as the
 * kernel's own asm-offsets.c is.
 */
#define COMPILE_OFFSETS

#include <linux/kbuild.h>
#include <linux/sched.h>

int main(void)
{
	OFFSET(TASK_preempt_notifiers, task_struct, preempt_notifiers);
	return 0;
}
