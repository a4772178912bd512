/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Instructions for insn.c, one in each slot of CONTAIN_SLOT bytes: it finds
 * the one it wants by number, and calls it by hook_call().
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

.macro SLOT
	.balign	CONTAIN_SLOT, 0xcc
	UNWIND_HINT_FUNC
	ANNOTATE_NOENDBR
.endm

/* An operation on struct contain_operands, whose address is in %rdi. */
.macro OPERATE insn:vararg
	SLOT
	movq	CONTAIN_src(%rdi), %rsi
	movq	CONTAIN_count(%rdi), %rcx
	pushq	CONTAIN_flags(%rdi)
	popfq
	\insn
	pushfq
	popq	CONTAIN_flags(%rdi)
	RET
.endm

/* Bytes are not for bt and shld. */
.macro NO_BYTE
	SLOT
	int3
.endm

/* One by one as enum operation has them, of 1, 2, 4 and 8 bytes. */
	.balign	CONTAIN_SLOT
SYM_CODE_START(contain_operations)
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
SYM_CODE_END(contain_operations)

.macro STORE insn:vararg
	SLOT
	movl	$1, %eax
.Lstore_\@:
	\insn, (%rdi)
.Lreturn_\@:
	RET
	_ASM_EXTABLE_TYPE(.Lstore_\@, .Lreturn_\@, \
			  EX_TYPE_DEFAULT | EX_FLAG_CLEAR_AX)
.endm

/*
 * The vector registers: sixteen xmm, sixteen ymm, 32 zmm, to (%rdi). They return
 * 1, or 0 if the store faults.
 */
	.balign	CONTAIN_SLOT
SYM_CODE_START(contain_vectors)
.irp nr, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	STORE movups %xmm\nr
.endr
.irp nr, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	STORE vmovups %ymm\nr
.endr
.irp nr, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	STORE vmovups %zmm\nr
.endr
.irp nr, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	STORE vmovups %zmm\nr
.endr
SYM_CODE_END(contain_vectors)

/*
 * String instructions: to %rdi, from %rsi, %rdx times, %rcx in %rax. They return
 * how many times are left: a fault or a machine check ends them.
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
	_ASM_EXTABLE_TYPE(.Lrep_\@, .Lend_\@, EX_TYPE_DEFAULT_MCE_SAFE)
.endm

	.balign	CONTAIN_SLOT
SYM_CODE_START(step_strings)
.irp insn, stosb, stosw, stosl, stosq, movsb, movsw, movsl, movsq
	STRING \insn
.endr
.irp insn, stosb, stosw, stosl, stosq, movsb, movsw, movsl, movsq
	STRING \insn, std, cld
.endr
SYM_CODE_END(step_strings)

/* Four bytes, and eight, from (%rsi) to (%rdi). They return 1, or 0. */
.macro STREAM load store
	SLOT
	\load
	movl	$1, %eax
.Lstream_\@:
	\store
.Ldone_\@:
	RET
	_ASM_EXTABLE_TYPE(.Lstream_\@, .Ldone_\@, \
			  EX_TYPE_DEFAULT | EX_FLAG_CLEAR_AX)
.endm

	.balign	CONTAIN_SLOT
SYM_CODE_START(step_streams)
	STREAM "movl (%rsi), %ecx", "movnti %ecx, (%rdi)"
	STREAM "movq (%rsi), %rcx", "movnti %rcx, (%rdi)"
SYM_CODE_END(step_streams)

/*
 * (%rdi) from (%rsi) to (%rdx): of 1, 2, 4, 8 and 16 bytes, without a lock and
 * with one. They return whether it was the former, or an error. Two slots each.
 */
.macro EXCHANGE width load old insn:vararg
	.balign	2 * CONTAIN_SLOT, 0xcc
	UNWIND_HINT_FUNC
	ANNOTATE_NOENDBR
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
	_ASM_EXTABLE(.Lexchange_\@, .Lfault_\@)
.endm

.macro EXCHANGES lock
	EXCHANGE 1, "movb (%rdx), %cl", "movb (%rsi), %al", \lock cmpxchgb %cl, (%rdi)
	EXCHANGE 2, "movw (%rdx), %cx", "movw (%rsi), %ax", \lock cmpxchgw %cx, (%rdi)
	EXCHANGE 4, "movl (%rdx), %ecx", "movl (%rsi), %eax", \lock cmpxchgl %ecx, (%rdi)
	EXCHANGE 8, "movq (%rdx), %rcx", "movq (%rsi), %rax", \lock cmpxchgq %rcx, (%rdi)
	EXCHANGE 16, , , \lock cmpxchg16b (%rdi)
.endm

	.balign	2 * CONTAIN_SLOT
SYM_CODE_START(step_exchanges)
	EXCHANGES
	EXCHANGES lock
SYM_CODE_END(step_exchanges)
