/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Instructions for insn.c and step.c, one in each slot of INSN_SLOT bytes. The C
 * code computes the address of a slot from its number, and calls it by
 * symbols_call().
 */
#include <asm-generic/errno-base.h>
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/asm.h>
#include <asm/extable_fixup_types.h>
#include <asm/nospec-branch.h>
#include <asm/smap.h>
#include <asm/unwind_hints.h>

#include "offsets.h"

	.text

/* The begin and the end of a slot. */
.macro SLOT slots=1
	.balign	\slots * INSN_SLOT, 0xcc
.set .Lslot_begins, .
	UNWIND_HINT_FUNC
	ANNOTATE_NOENDBR
.endm

/* Code that is too long for its slot is an error, as .org can't go back. */
.macro SLOT_END slots=1
	.org	.Lslot_begins + \slots * INSN_SLOT, 0xcc
.endm

/* An operation on the struct insn_operands at (%rdi). */
.macro OPERATE insn:vararg
	SLOT
	movq	OPERANDS_src(%rdi), %rsi
	movq	OPERANDS_count(%rdi), %rcx
	pushq	OPERANDS_flags(%rdi)
	popfq
	\insn
	pushfq
	popq	OPERANDS_flags(%rdi)
	RET
	SLOT_END
.endm

/* bt and shld have no form for bytes. */
.macro NO_BYTE
	SLOT
	int3
	SLOT_END
.endm

/* In the order of enum operation, each for 1, 2, 4 and 8 bytes. */
	.balign	INSN_SLOT
SYM_CODE_START(insn_operations)
.irp op, add, or, adc, sbb, and, sub, xor, cmp
	OPERATE \op\()b %sil, (%rdi)
	OPERATE \op\()w %si, (%rdi)
	OPERATE \op\()l %esi, (%rdi)
	OPERATE \op\()q %rsi, (%rdi)
.endr
.irp op, rol, ror, rcl, rcr, shl, shr, shl, sar
	OPERATE \op\()b %cl, (%rdi)
	OPERATE \op\()w %cl, (%rdi)
	OPERATE \op\()l %cl, (%rdi)
	OPERATE \op\()q %cl, (%rdi)
.endr
.irp op, bt, bts, btr, btc
	NO_BYTE
	OPERATE \op\()w %si, (%rdi)
	OPERATE \op\()l %esi, (%rdi)
	OPERATE \op\()q %rsi, (%rdi)
.endr
.irp op, shld, shrd
	NO_BYTE
	OPERATE \op\()w %cl, %si, (%rdi)
	OPERATE \op\()l %cl, %esi, (%rdi)
	OPERATE \op\()q %cl, %rsi, (%rdi)
.endr
.irp op, not, neg, inc, dec
	OPERATE \op\()b (%rdi)
	OPERATE \op\()w (%rdi)
	OPERATE \op\()l (%rdi)
	OPERATE \op\()q (%rdi)
.endr
SYM_CODE_END(insn_operations)

.macro STORE insn:vararg
	SLOT
	movl	$1, %eax
.Lstore_\@:
	\insn, (%rdi)
.Lreturn_\@:
	RET
	SLOT_END
	_ASM_EXTABLE_TYPE(.Lstore_\@, .Lreturn_\@, \
			  EX_TYPE_DEFAULT | EX_FLAG_CLEAR_AX)
.endm

/* The registers that each encoding has, and those that EVEX adds. */
#define LOW	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
#define HIGH	16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31

.macro STORES insn numbers:vararg
.irp nr, \numbers
	STORE \insn\nr
.endr
.endm

/*
 * Stores of the vector registers, 32 each of xmm, ymm and zmm, to (%rdi). They
 * return 1, or 0 if the store faults.
 */
	.balign	INSN_SLOT
SYM_CODE_START(insn_vectors)
	STORES "movups %xmm", LOW
	STORES "vmovups %xmm", HIGH
	STORES "vmovups %ymm", LOW
	STORES "vmovups %ymm", HIGH
	STORES "vmovups %zmm", LOW
	STORES "vmovups %zmm", HIGH
SYM_CODE_END(insn_vectors)

/*
 * String instructions: to %rdi, from %rsi, %rdx times. %rcx holds the value for
 * %rax. They return how many repetitions are left. A fault or a machine check ends
 * them.
 */
.macro STRING insn before after
	SLOT
	movq	%rcx, %rax
	movq	%rdx, %rcx
	ASM_STAC
	\before
.Lrep_\@:
	rep	\insn
.Lend_\@:
	\after
	ASM_CLAC
	movq	%rcx, %rax
	RET
	SLOT_END
	_ASM_EXTABLE_TYPE(.Lrep_\@, .Lend_\@, EX_TYPE_DEFAULT_MCE_SAFE)
.endm

	.balign	INSN_SLOT
SYM_CODE_START(insn_strings)
.irp insn, stosb, stosw, stosl, stosq, movsb, movsw, movsl, movsq
	STRING \insn
.endr
.irp insn, stosb, stosw, stosl, stosq, movsb, movsw, movsl, movsq
	STRING \insn, std, cld
.endr
SYM_CODE_END(insn_strings)

/* Copy four or eight bytes from (%rsi) to (%rdi). They return 1, or 0 on a fault. */
.macro STREAM load store
	SLOT
	\load
	movl	$1, %eax
.Lstream_\@:
	\store
.Ldone_\@:
	RET
	SLOT_END
	_ASM_EXTABLE_TYPE(.Lstream_\@, .Ldone_\@, \
			  EX_TYPE_DEFAULT | EX_FLAG_CLEAR_AX)
.endm

	.balign	INSN_SLOT
SYM_CODE_START(insn_streams)
	STREAM "movl (%rsi), %ecx", "movnti %ecx, (%rdi)"
	STREAM "movq (%rsi), %rcx", "movnti %rcx, (%rdi)"
SYM_CODE_END(insn_streams)

/*
 * Change (%rdi) from the value at (%rsi) to that at (%rdx), of 1, 2, 4, 8 or 16
 * bytes, without a lock prefix and with one. They return 1; 0 if (%rdi) had another
 * value; or an error. Each takes two slots.
 */
.macro EXCHANGE width load old insn:vararg
	SLOT 2
	movq	%rbx, %r9
.if \width == 16
	movq	8(%rdx), %rcx
	movq	(%rdx), %rbx
	movq	8(%rsi), %rdx
	movq	(%rsi), %rax
.else
	\load
	\old
.endif
.Lexchange_\@:
	\insn
	sete	%al
	movzbl	%al, %eax
	movq	%r9, %rbx
	RET
.Lfault_\@:
	movl	$-EFAULT, %eax
	movq	%r9, %rbx
	RET
	SLOT_END 2
	_ASM_EXTABLE(.Lexchange_\@, .Lfault_\@)
.endm

.macro EXCHANGES lock
	EXCHANGE 1, "movb (%rdx), %cl", "movb (%rsi), %al", \lock cmpxchgb %cl, (%rdi)
	EXCHANGE 2, "movw (%rdx), %cx", "movw (%rsi), %ax", \lock cmpxchgw %cx, (%rdi)
	EXCHANGE 4, "movl (%rdx), %ecx", "movl (%rsi), %eax", \lock cmpxchgl %ecx, (%rdi)
	EXCHANGE 8, "movq (%rdx), %rcx", "movq (%rsi), %rax", \lock cmpxchgq %rcx, (%rdi)
	EXCHANGE 16, , , \lock cmpxchg16b (%rdi)
.endm

	.balign	2 * INSN_SLOT
SYM_CODE_START(insn_exchanges)
	EXCHANGES
	EXCHANGES lock
SYM_CODE_END(insn_exchanges)
