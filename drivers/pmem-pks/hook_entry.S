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
 * Functions of at most five arguments, all in registers, which return at most a
 * register, can be hooked, and no others. hook_writer_trampoline is for the
 * functions that the administrator names, about which nothing is known: it
 * passes on all that a function may get and return in registers, and
 * HOOK_STACK_WORDS words of arguments on the stack, which it copies whether they
 * are arguments or not.
 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/asm.h>
#include <asm/nospec-branch.h>
#include <asm/unwind_hints.h>

#include "compat.h"
#include "offsets.h"

	.text

/* Of HOOK_AROUND: five arguments, the token, what the function returned. */
#define HOOK_FRAME		56
/* Of a writer's as well: the record of its grant, see grant.c. */
#define HOOK_WRITER_FRAME	(HOOK_FRAME+GRANT_SIZE)
/* Of HOOK_AROUND_ANY: six arguments, the token, what was returned, the record. */
#define HOOK_ANY_RECORD		72
#define HOOK_ANY_FRAME		(HOOK_ANY_RECORD+GRANT_SIZE)
#define HOOK_STACK_WORDS	6

/* Nothing is to be done for most calls: go back while a count is 0. */
.macro HOOK_UNLESS count
	cmpl	$0, PER_CPU_VAR(\count)
	jne	.Lhook_\@
	RET
.Lhook_\@:
.endm

/* The arguments of the function, as an array at the bottom of a stack frame. */
.macro HOOK_SAVE size nr=5
	subq	$\size, %rsp
	movq	%rdi, 0(%rsp)
	movq	%rsi, 8(%rsp)
	movq	%rdx, 16(%rsp)
.if \nr > 3
	movq	%rcx, 24(%rsp)
	movq	%r8, 32(%rsp)
.endif
.endm

/*
 * Of the arguments enter() gets the one in the register, if one is named, and
 * the record; or all, and the address behind the call.
 */
.macro HOOK_ENTER size enter nr=5 arg
	HOOK_SAVE \size, \nr
.ifnb \arg
.ifnc \arg, %rdi
	movq	\arg, %rdi
.endif
	leaq	HOOK_FRAME(%rsp), %rsi
.else
	movq	%rsp, %rdi
	movq	\size(%rsp), %rsi
.endif
	call	\enter
.endm

.macro HOOK_ARGS nr=5
	movq	0(%rsp), %rdi
	movq	8(%rsp), %rsi
	movq	16(%rsp), %rdx
.if \nr > 3
	movq	24(%rsp), %rcx
	movq	32(%rsp), %r8
.endif
.endm

/* Go on in the wrapped function: its address is above our caller's frame. */
.macro HOOK_BODY name frame
SYM_FUNC_START_LOCAL(\name)
	pushq	\frame+8(%rsp)
	UNWIND_HINT_FUNC
	RET
SYM_FUNC_END(\name)
.endm

HOOK_BODY hook_body HOOK_FRAME
HOOK_BODY hook_writer_body HOOK_WRITER_FRAME
HOOK_BODY hook_any_body HOOK_ANY_FRAME+HOOK_STACK_WORDS*8

/*
 * Where a trampoline waits for its function, in a table: a thread with such an
 * address on its stack is in the function by our leave, and returns to us.
 */
	.pushsection .rodata
	.balign	8
SYM_DATA_START(hook_waiting)
	.popsection

.macro HOOK_CALL body
	call	\body
.Lwaiting_\@:
	ANNOTATE_NOENDBR
	.pushsection .rodata
	.quad	.Lwaiting_\@
	.popsection
.endm

/*
 * enter() runs before the function. What it returns, if not 0, is passed to
 * exit() behind the function. If it is 0, nothing of ours is left on the stack
 * while the function runs.
 *
 * enter(args, ip) and exit(token, ret); where a register is named, it is a
 * writer's: enter(arg, record) and exit(token, record).
 */
.macro HOOK_AROUND enter exit nr=5 arg
.ifnb \arg
	HOOK_AROUND_IN HOOK_WRITER_FRAME, hook_writer_body, \enter, \exit, \nr, \arg
.else
	HOOK_AROUND_IN HOOK_FRAME, hook_body, \enter, \exit, \nr
.endif
.endm

.macro HOOK_AROUND_IN frame body enter exit nr arg
	HOOK_ENTER \frame, \enter, \nr, \arg
	movq	%rax, 40(%rsp)
	HOOK_ARGS \nr
	testq	%rax, %rax
	jz	.Lbare_\@
	HOOK_CALL \body
	movq	%rax, 48(%rsp)
	movq	40(%rsp), %rdi
.ifnb \arg
	leaq	HOOK_FRAME(%rsp), %rsi
.else
	movq	%rax, %rsi
.endif
	call	\exit
	movq	48(%rsp), %rax
	/* Past the function, to its caller. */
	addq	$\frame+8, %rsp
	UNWIND_HINT_FUNC
	RET
.Lbare_\@:
	addq	$\frame, %rsp
	RET
.endm

/*
 * The last word first, so that each has the same displacement. There is none at
 * the top of an interrupt stack, for the first function there.
 */
.macro HOOK_COPY_WORD
.Lcopy_\@:
	pushq	HOOK_ANY_FRAME+16+(HOOK_STACK_WORDS-1)*8(%rsp)
	jmp	.Lcopied_\@
.Lnone_\@:
	pushq	$0
.Lcopied_\@:
	_ASM_EXTABLE(.Lcopy_\@, .Lnone_\@)
.endm

/* HOOK_AROUND for any function: enter(args, ip, record), exit(token, record). */
.macro HOOK_AROUND_ANY enter exit
	HOOK_SAVE HOOK_ANY_FRAME
	movq	%r9, 40(%rsp)
	movq	%rsp, %rdi
	movq	HOOK_ANY_FRAME(%rsp), %rsi
	leaq	HOOK_ANY_RECORD(%rsp), %rdx
	call	\enter
	movq	%rax, 48(%rsp)
	HOOK_ARGS
	movq	40(%rsp), %r9
	testq	%rax, %rax
	jz	.Lbare_\@
.rept HOOK_STACK_WORDS
	HOOK_COPY_WORD
.endr
	HOOK_CALL hook_any_body
	addq	$HOOK_STACK_WORDS*8, %rsp
	movq	%rax, 56(%rsp)
	movq	%rdx, 64(%rsp)
	movq	48(%rsp), %rdi
	leaq	HOOK_ANY_RECORD(%rsp), %rsi
	call	\exit
	movq	56(%rsp), %rax
	movq	64(%rsp), %rdx
	addq	$HOOK_ANY_FRAME+8, %rsp
	UNWIND_HINT_FUNC
	RET
.Lbare_\@:
	addq	$HOOK_ANY_FRAME, %rsp
	RET
.endm

/* enter() runs before the function, and that is all. */
.macro HOOK_BEFORE enter
	HOOK_ENTER 40 \enter
	HOOK_ARGS
	addq	$40, %rsp
	RET
.endm

/* ftrace gets here by direct calls and returns only: no ENDBR. */
#define HOOK_TRAMPOLINE(name)						\
	SYM_START(name, SYM_L_GLOBAL, SYM_A_ALIGN)			\
	ANNOTATE_NOENDBR

HOOK_TRAMPOLINE(hook_writer_trampoline)
	HOOK_AROUND_ANY writer_enter writer_exit
SYM_INNER_LABEL(hook_writer_trampoline_end, SYM_L_GLOBAL)
	ANNOTATE_NOENDBR
SYM_FUNC_END(hook_writer_trampoline)

/* The destination is the first argument of three, or the third of five. */
HOOK_TRAMPOLINE(hook_block_trampoline)
	HOOK_AROUND writer_enter_block writer_exit_dst 3 %rdi
SYM_FUNC_END(hook_block_trampoline)

HOOK_TRAMPOLINE(hook_dax_trampoline)
	HOOK_AROUND writer_enter_dax writer_exit_dst 5 %rdx
SYM_FUNC_END(hook_dax_trampoline)

HOOK_TRAMPOLINE(hook_pmem_trampoline)
	HOOK_AROUND pmem_enter pmem_exit_map
SYM_FUNC_END(hook_pmem_trampoline)

HOOK_TRAMPOLINE(hook_alias_trampoline)
	HOOK_AROUND alias_enter alias_made
SYM_FUNC_END(hook_alias_trampoline)

HOOK_TRAMPOLINE(hook_enter_trampoline)
	HOOK_UNLESS grant_busy
	HOOK_BEFORE shield_enter
SYM_FUNC_END(hook_enter_trampoline)

HOOK_TRAMPOLINE(hook_around_trampoline)
	HOOK_UNLESS grant_busy
	HOOK_AROUND shield_around shield_around_exit
SYM_FUNC_END(hook_around_trampoline)

HOOK_TRAMPOLINE(hook_irq_exit_trampoline)
	HOOK_UNLESS grant_level
	HOOK_AROUND shield_irq shield_irq_exit
SYM_FUNC_END(hook_irq_exit_trampoline)

/* A context switch: %rax is free here, it holds no argument. */
HOOK_TRAMPOLINE(hook_switch_trampoline)
	cmpl	$0, PER_CPU_VAR(grant_busy)
	jne	1f
	movq	COMPAT_CURRENT, %rax
	cmpq	$0, TASK_preempt_notifiers(%rax)
	jne	1f
	RET
1:
	HOOK_BEFORE grant_switch
SYM_FUNC_END(hook_switch_trampoline)

SYM_CODE_START(hook_trampolines_end)
	ANNOTATE_NOENDBR
	int3
SYM_CODE_END(hook_trampolines_end)

/*
 * Where exc_page_fault() returns to when a grant is put aside for it: it is
 * given back, and the way goes on to where the entry code wanted it. What the
 * unwinder sees is what it would see there: the registers of the fault.
 */
SYM_CODE_START(hook_fault_frame)
	UNWIND_HINT_REGS
	ANNOTATE_NOENDBR
	/* A return address belongs to the instruction before it. */
	nop
SYM_INNER_LABEL(hook_fault_return, SYM_L_GLOBAL)
	ANNOTATE_NOENDBR
	movq	%rsp, %rdi
	call	shield_fault_exit
	pushq	%rax
	UNWIND_HINT_REGS offset=8
	RET
SYM_CODE_END(hook_fault_frame)

	.pushsection .rodata
SYM_DATA_END_LABEL(hook_waiting, SYM_L_GLOBAL, hook_waiting_end)
	.popsection

/* Call a function that need not have an ENDBR with four arguments. */
SYM_FUNC_START(hook_call)
	pushq	%rdi
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	movq	%rcx, %rdx
	movq	%r8, %rcx
	UNWIND_HINT_FUNC
	RET
SYM_FUNC_END(hook_call)

/* What a function becomes that is not to run. */
SYM_FUNC_START(hook_nothing)
	RET
SYM_FUNC_END(hook_nothing)
