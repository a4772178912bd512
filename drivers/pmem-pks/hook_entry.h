/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Macros for the trampolines, which run before and after a wrapped function. Each
 * file with hooks makes its trampolines with them.
 *
 * ftrace's direct call enters a trampoline from the function's first instruction.
 * The function's arguments are in place, and on the stack are
 *
 *	 8(%rsp)  return address into the function's caller
 *	  (%rsp)  return address into the function, after the call
 *
 * The trampoline then calls the function a second time, after its first
 * instruction, so that it returns to the trampoline. It enters the function by a
 * RET, for the reasons that symbols_call.S gives.
 *
 * At every instruction the unwinder sees the true frames: the trampoline, called
 * by the function's first instruction, called by the function's caller. While the
 * function runs, its own frame is on top of these.
 *
 * A wrapped function has at most five arguments, all in registers, and returns at
 * most one register. HOOK_AROUND_ANY wraps functions about which nothing is known,
 * such as those that the administrator names. It passes on all registers that a
 * function may receive and return. It also copies HOOK_STACK_WORDS words of the
 * stack, whether they are arguments or not.
 */
#ifndef PMEM_PKS_HOOK_ENTRY_H
#define PMEM_PKS_HOOK_ENTRY_H

#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/asm.h>
#include <asm/nospec-branch.h>
#include <asm/unwind_hints.h>

#include "compat.h"
#include "offsets.h"

/* HOOK_AROUND's frame: five arguments, the token, the function's return value. */
#define HOOK_FRAME		56
/* A writer's frame also has the record of its grant, see grant.c. */
#define HOOK_WRITER_FRAME	(HOOK_FRAME+GRANT_SIZE)
/* HOOK_AROUND_ANY's: six arguments, the token, two return values, the record. */
#define HOOK_ANY_RECORD		72
#define HOOK_ANY_FRAME		(HOOK_ANY_RECORD+GRANT_SIZE)
#define HOOK_STACK_WORDS	6

/* The fast path: return at once if a per-CPU count is 0. */
.macro HOOK_UNLESS count
	cmpl	$0, PER_CPU_VAR(\count)
	jne	.Lhook_\@
	RET
.Lhook_\@:
.endm

/* Save the function's arguments as an array at the bottom of a stack frame. */
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
 * Call enter(). If \arg names a register, enter() gets the argument in it, and the
 * record. Otherwise it gets the array of arguments, and the address after the call.
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

/* Continue in the wrapped function. Its address is above the trampoline's frame. */
.macro HOOK_BODY name frame
SYM_FUNC_START_LOCAL(\name\()_body)
	pushq	\frame+8(%rsp)
	UNWIND_HINT_FUNC
	RET
SYM_FUNC_END(\name\()_body)
.endm

/*
 * Call the function. A thread with this return address on its stack is inside the
 * function, and returns to the trampoline.
 */
.macro HOOK_CALL name
	call	\name\()_body
SYM_INNER_LABEL(\name\()_waiting, SYM_L_LOCAL)
	ANNOTATE_NOENDBR
.endm

/*
 * The begin and the end of a trampoline. C code knows it by its struct
 * hook_trampoline. It needs no ENDBR, as ftrace uses only direct calls and returns.
 */
.macro HOOK_TRAMPOLINE name
SYM_START(\name\()_code, SYM_L_LOCAL, SYM_A_ALIGN)
	ANNOTATE_NOENDBR
.endm

.macro HOOK_TRAMPOLINE_END name waiting=0
SYM_FUNC_END(\name\()_code)
	.pushsection .rodata
	.balign	8
SYM_DATA_START(\name)
	.quad	\name\()_code
	.quad	.L__sym_size_\name\()_code
	.quad	\waiting
SYM_DATA_END(\name)
	.popsection
.endm

/*
 * HOOK_AROUND: enter() runs before the function, and returns a token. If that is not
 * 0, exit() gets it after the function. If it is 0, no frame of the trampoline is on
 * the stack while the function runs, and exit() is not called.
 *
 * The calls are enter(args, ip) and exit(token, ret). If \arg names a register, the
 * function is a writer: enter(arg, record) and exit(token, record).
 */
.macro HOOK_AROUND name enter exit nr=5 arg unless
.ifnb \arg
	HOOK_AROUND_IN \name, HOOK_WRITER_FRAME, \enter, \exit, \nr, \arg
.else
	HOOK_AROUND_IN \name, HOOK_FRAME, \enter, \exit, \nr, , \unless
.endif
.endm

.macro HOOK_AROUND_IN name frame enter exit nr arg unless
	HOOK_BODY \name, \frame
	HOOK_TRAMPOLINE \name
.ifnb \unless
	HOOK_UNLESS \unless
.endif
	HOOK_ENTER \frame, \enter, \nr, \arg
	movq	%rax, 40(%rsp)
	HOOK_ARGS \nr
	testq	%rax, %rax
	jz	.Lbare_\@
	HOOK_CALL \name
	movq	%rax, 48(%rsp)
	movq	40(%rsp), %rdi
.ifnb \arg
	leaq	HOOK_FRAME(%rsp), %rsi
.else
	movq	%rax, %rsi
.endif
	call	\exit
	movq	48(%rsp), %rax
	/* Return to the function's caller. */
	addq	$\frame+8, %rsp
	UNWIND_HINT_FUNC
	RET
.Lbare_\@:
	addq	$\frame, %rsp
	RET
	HOOK_TRAMPOLINE_END \name, \name\()_waiting
.endm

/*
 * Copy one word of the stack, the last word first, so that each has the same
 * displacement. At the top of an interrupt stack there is no such word: the first
 * function there gets 0.
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

/* HOOK_AROUND for any function: enter(args, ip, record) and exit(token, record). */
.macro HOOK_AROUND_ANY name enter exit
	HOOK_BODY \name, HOOK_ANY_FRAME+HOOK_STACK_WORDS*8
	HOOK_TRAMPOLINE \name
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
	HOOK_CALL \name
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
	HOOK_TRAMPOLINE_END \name, \name\()_waiting
.endm

/* enter(args, ip) runs before the function. Nothing runs after it. */
.macro HOOK_ENTER_ONLY enter
	HOOK_ENTER 40 \enter
	HOOK_ARGS
	addq	$40, %rsp
	RET
.endm

.macro HOOK_BEFORE name enter unless
	HOOK_TRAMPOLINE \name
	HOOK_UNLESS \unless
	HOOK_ENTER_ONLY \enter
	HOOK_TRAMPOLINE_END \name
.endm

#endif /* PMEM_PKS_HOOK_ENTRY_H */
