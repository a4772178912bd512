/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The way into and out of a wrapped function.
 *
 * ftrace's direct call brings us here from the function's first instruction,
 * with its arguments in place and on the stack
 *
 *	 8(%rsp)  return address into the function's caller
 *	  (%rsp)  return address into the function, behind the call
 *
 * The function is then called a second time, behind its first instruction, so
 * that it returns to us. It is entered by a RET: an indirect call or jump may
 * land on an ENDBR only (Intel CET-IBT), and the one of a function whose
 * address the kernel never takes has been removed. RET also needs no retpoline,
 * and the RET macro is the return thunk where the CPU needs one. The CPU
 * mispredicts it; that is the whole cost.
 *
 * What the unwinder sees is true at every instruction: the trampoline, called
 * by the function's first instruction, called by its caller; and while the
 * function runs, the function on top of that.
 *
 * Functions whose arguments are all in registers can be wrapped, and no others.
 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/asm.h>
#include <asm/nospec-branch.h>
#include <asm/unwind_hints.h>

	.text

/* Go on in the wrapped function. %rbp is the trampoline's frame. */
SYM_FUNC_START_LOCAL(hook_body)
	pushq	8(%rbp)
	UNWIND_HINT_FUNC
	RET
SYM_FUNC_END(hook_body)

/*
 * enter(args, ip) runs before the function, with the address behind the call:
 * what it returns, if not 0, is passed to exit(token, ret) behind the function.
 * If it is 0, nothing of ours is left on the stack while the function runs.
 */
.macro HOOK_TRAMPOLINE name enter exit
SYM_FUNC_START(\name)
	pushq	%rbp
	movq	%rsp, %rbp
	subq	$72, %rsp
	movq	%rdi, 0(%rsp)
	movq	%rsi, 8(%rsp)
	movq	%rdx, 16(%rsp)
	movq	%rcx, 24(%rsp)
	movq	%r8, 32(%rsp)
	movq	%r9, 40(%rsp)
	movq	%rsp, %rdi
	movq	8(%rbp), %rsi
	call	\enter
	movq	%rax, 48(%rsp)
	movq	0(%rsp), %rdi
	movq	8(%rsp), %rsi
	movq	16(%rsp), %rdx
	movq	24(%rsp), %rcx
	movq	32(%rsp), %r8
	movq	40(%rsp), %r9
	testq	%rax, %rax
	jz	.Lbare_\@
	call	hook_body
	movq	%rax, 56(%rsp)
	movq	%rdx, 64(%rsp)
	movq	48(%rsp), %rdi
	movq	%rax, %rsi
	call	\exit
	movq	56(%rsp), %rax
	movq	64(%rsp), %rdx
	leave
	/* Past the function, to its caller. */
	addq	$8, %rsp
	UNWIND_HINT_FUNC
	RET
.Lbare_\@:
	leave
	RET
SYM_FUNC_END(\name)
.endm

HOOK_TRAMPOLINE hook_writer_trampoline writer_enter writer_exit
HOOK_TRAMPOLINE hook_pmem_trampoline pmem_enter pmem_exit_map
SYM_CODE_START(hook_trampolines_end)
	ANNOTATE_NOENDBR
	int3
SYM_CODE_END(hook_trampolines_end)

/* Call a function of one argument that need not have an ENDBR. */
SYM_FUNC_START(hook_call)
	pushq	%rdi
	movq	%rsi, %rdi
	UNWIND_HINT_FUNC
	RET
SYM_FUNC_END(hook_call)

/* What a function becomes that is not to run. */
SYM_FUNC_START(hook_nothing)
	RET
SYM_FUNC_END(hook_nothing)
