/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Assembly for hook.c. Each trampoline is in the assembly file of the C file that
 * it calls.
 */
#include <linux/linkage.h>
#include <asm/nospec-branch.h>

	.text

/* Runs in place of a diverted function that is skipped. */
SYM_FUNC_START(hook_nothing)
	RET
SYM_FUNC_END(hook_nothing)
