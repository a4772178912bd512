/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls a function that the kernel does not export.
 *
 * It enters the function by a RET. An indirect call or jump must land on an ENDBR
 * (Intel CET-IBT), and the kernel removes the ENDBR of a function whose address it
 * never takes. A RET also needs no retpoline, and the RET macro uses the return
 * thunk if the CPU needs one. The only cost is that the CPU mispredicts the RET.
 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/nospec-branch.h>
#include <asm/unwind_hints.h>

	.text

/* symbols_call(func, arg0, arg1, arg2, arg3) */
SYM_FUNC_START(symbols_call)
	pushq	%rdi
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	movq	%rcx, %rdx
	movq	%r8, %rcx
	UNWIND_HINT_FUNC
	RET
SYM_FUNC_END(symbols_call)
