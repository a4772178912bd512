/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The instructions that kunit/contain.c executes, each in a function of its own, and
 * tables with the address, the text and the width in bytes of each.
 *
 * rdi, r12 and r13 hold the address of the operand, and r9 is 2. If an instruction
 * faults for good, the exception table ends it.
 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/asm.h>
#include <asm/ibt.h>
#include <asm/nospec-branch.h>
#include <asm/unwind_hints.h>

	.text

.macro TABLE name
	.pushsection .rodata
	.balign	8
	.globl	\name
\name:
	.popsection
.endm

.macro TABLE_END
	.pushsection .rodata
	.quad	0, 0, 0
	.popsection
.endm

.macro TABLE_ENTRY run width insn:vararg
	.pushsection .rodata.str1.1, "aMS", @progbits, 1
.Ltext_\@:
	.asciz	"\insn"
	.popsection
	.pushsection .rodata
	.quad	\run, .Ltext_\@, \width
	.popsection
.endm

.macro INSN width:req insn:vararg
	UNWIND_HINT_FUNC
.Lrun_\@:
	ENDBR
.Lat_\@:
	\insn
.Lbehind_\@:
	RET
	_ASM_EXTABLE(.Lat_\@, .Lbehind_\@)
	TABLE_ENTRY .Lrun_\@, \width, \insn
.endm

/* \push is undone by the instruction, or by the fixup if the instruction faults. */
.macro INSN_POP width:req push:req insn:vararg
	UNWIND_HINT_FUNC
.Lrun_\@:
	ENDBR
	\push
.Lat_\@:
	\insn
	RET
.Lundo_\@:
	leaq	\width(%rsp), %rsp
	UNWIND_HINT_FUNC
	RET
	_ASM_EXTABLE(.Lat_\@, .Lundo_\@)
	TABLE_ENTRY .Lrun_\@, \width, \insn
.endm

SYM_CODE_START(contain_insns)

TABLE contain_moves
	INSN 1, movb %cl, (%rdi)
	INSN 1, movb %ch, (%rdi)
	INSN 1, movb %dil, (%r13)
	INSN 2, movw %cx, (%rdi)
	INSN 4, movl %ecx, (%rdi)
	INSN 8, movq %rcx, (%rdi)
	INSN 1, movb $0xa5, (%rdi)
	INSN 2, movw $0xa55a, (%rdi)
	INSN 4, movl $0xa55a1234, (%rdi)
	INSN 8, movq $-0x12345678, (%rdi)
	INSN 4, movnti %ecx, (%rdi)
	INSN 8, movnti %rcx, (%rdi)
	INSN 2, movbe %cx, (%rdi)
	INSN 4, movbe %ecx, (%rdi)
	INSN 8, movbe %rcx, (%rdi)
	INSN 2, movw %es, (%rdi)
	INSN 2, movw %cs, (%rdi)
	INSN 2, movw %ss, (%rdi)
	INSN 2, movw %ds, (%rdi)
	INSN 2, movw %fs, (%rdi)
	INSN 2, movw %gs, (%rdi)
	INSN_POP 8, "pushq %rcx", popq (%rdi)
	INSN_POP 2, "pushw %cx", popw (%r12)
TABLE_END

TABLE contain_addresses
	INSN 4, movl %ecx, (%r12)
	INSN 4, movl %ecx, (%r13)
	INSN 4, movl %ecx, -2(%r12,%r9)
	INSN 4, movl %ecx, -16(%r13,%r9,8)
	INSN 4, movl %ecx, -4(%rdi,%r9,2)
	INSN 4, movl %ecx, %ds:(%rdi)
TABLE_END

TABLE contain_conditions
.irp cc, o, no, c, nc, z, nz, be, a, s, ns, p, np, l, ge, le, g
	INSN 1, set\cc (%rdi)
.endr
TABLE_END

TABLE contain_alu
.irp op, add, or, adc, sbb, and, sub, xor
	INSN 1, \op\()b %cl, (%rdi)
	INSN 1, \op\()b %dh, (%rdi)
	INSN 2, \op\()w %cx, (%rdi)
	INSN 4, \op\()l %ecx, (%rdi)
	INSN 8, \op\()q %rcx, (%rdi)
	INSN 1, \op\()b $0x83, (%rdi)
	INSN 2, \op\()w $0x1234, (%rdi)
	INSN 4, \op\()l $-3, (%rdi)
	INSN 4, \op\()l $0x12345678, (%rdi)
	INSN 8, \op\()q $-0x12345678, (%rdi)
	INSN 8, lock \op\()q %rcx, (%rdi)
	INSN 2, lock \op\()w $5, (%rdi)
.endr
TABLE_END

TABLE contain_unary
.irp op, inc, dec, not, neg
	INSN 1, \op\()b (%rdi)
	INSN 2, \op\()w (%rdi)
	INSN 4, \op\()l (%rdi)
	INSN 8, \op\()q (%rdi)
	INSN 4, lock \op\()l (%rdi)
.endr
TABLE_END

.macro ROTATIONS op
	INSN 1, \op\()b $3, (%rdi)
	INSN 2, \op\()w $1, (%rdi)
	INSN 4, \op\()l $31, (%rdi)
	INSN 8, \op\()q $33, (%rdi)
	INSN 4, \op\()l $32, (%rdi)
	INSN 1, \op\()b %cl, (%rdi)
	INSN 2, \op\()w %cl, (%rdi)
	INSN 4, \op\()l %cl, (%rdi)
	INSN 8, \op\()q %cl, (%rdi)
.endm

TABLE contain_shifts
.irp op, rol, ror, shl, shr, sar
	ROTATIONS \op
.endr
.irp op, shld, shrd
	INSN 2, \op\()w $5, %dx, (%rdi)
	INSN 4, \op\()l $17, %edx, (%rdi)
	INSN 8, \op\()q $60, %rdx, (%rdi)
	INSN 4, \op\()l %cl, %edx, (%rdi)
	INSN 8, \op\()q %cl, %rdx, (%rdi)
.endr
TABLE_END

TABLE contain_carries
.irp op, rcl, rcr
	ROTATIONS \op
.endr
TABLE_END

TABLE contain_bits
.irp op, bts, btr, btc
	INSN 2, \op\()w %cx, (%rdi)
	INSN 4, \op\()l %ecx, (%rdi)
	INSN 8, \op\()q %rcx, (%rdi)
	INSN 8, lock \op\()q %rcx, (%rdi)
.endr
TABLE_END

TABLE contain_bits_imm
.irp op, bts, btr, btc
	INSN 2, \op\()w $13, (%rdi)
	INSN 4, lock \op\()l $35, (%rdi)
	INSN 8, \op\()q $63, (%rdi)
.endr
TABLE_END

TABLE contain_exchanges
.irp op, xchg, xadd, cmpxchg
	INSN 1, \op\()b %cl, (%rdi)
	INSN 1, \op\()b %ch, (%rdi)
	INSN 1, \op\()b %bh, (%rdi)
	INSN 2, \op\()w %cx, (%rdi)
	INSN 4, \op\()l %ecx, (%rdi)
	INSN 8, \op\()q %rcx, (%rdi)
	INSN 1, lock \op\()b %cl, (%rdi)
	INSN 4, lock \op\()l %ecx, (%rdi)
	INSN 8, lock \op\()q %rcx, (%rdi)
.endr
TABLE_END

TABLE contain_pairs
	INSN 8, cmpxchg8b (%rdi)
	INSN 8, lock cmpxchg8b (%rdi)
	INSN 16, cmpxchg16b (%rdi)
	INSN 16, lock cmpxchg16b (%rdi)
TABLE_END

TABLE contain_sse
	INSN 16, movups %xmm3, (%rdi)
	INSN 16, movups %xmm11, (%r13)
	INSN 16, movupd %xmm3, (%rdi)
	INSN 16, movaps %xmm3, (%rdi)
	INSN 16, movapd %xmm3, (%rdi)
	INSN 16, movdqa %xmm3, (%rdi)
	INSN 16, movdqu %xmm11, (%rdi)
	INSN 16, movntps %xmm3, (%rdi)
	INSN 16, movntpd %xmm3, (%rdi)
	INSN 16, movntdq %xmm3, (%rdi)
	INSN 4, movss %xmm3, (%rdi)
	INSN 8, movsd %xmm3, (%rdi)
	INSN 4, movd %xmm3, (%rdi)
	INSN 8, movq %xmm3, (%rdi)
	/* movq %xmm3, (%rdi), with the opcode of movd */
	INSN 8, .byte 0x66, 0x48, 0x0f, 0x7e, 0x1f
	INSN 8, movlps %xmm3, (%rdi)
	INSN 8, movhps %xmm3, (%rdi)
	INSN 8, movlpd %xmm3, (%rdi)
	INSN 8, movhpd %xmm11, (%rdi)
	INSN 1, pextrb $13, %xmm3, (%rdi)
	INSN 2, pextrw $5, %xmm3, (%rdi)
	INSN 4, pextrd $3, %xmm3, (%rdi)
	INSN 8, pextrq $1, %xmm3, (%rdi)
	INSN 4, extractps $2, %xmm3, (%rdi)
TABLE_END

TABLE contain_avx
	INSN 32, vmovups %ymm3, (%rdi)
	INSN 32, vmovups %ymm11, (%r13)
	INSN 32, vmovaps %ymm3, -2(%r12,%r9)
	INSN 32, vmovapd %ymm3, (%rdi)
	INSN 32, vmovdqa %ymm3, (%rdi)
	INSN 32, vmovdqu %ymm11, (%rdi)
	INSN 32, vmovntdq %ymm3, (%rdi)
	INSN 32, vmovntps %ymm3, (%rdi)
	INSN 32, vmovntpd %ymm3, (%rdi)
	INSN 16, vmovups %xmm3, (%rdi)
	INSN 16, vmovdqu %xmm11, (%r12)
	INSN 4, vmovss %xmm3, (%rdi)
	INSN 8, vmovsd %xmm3, (%rdi)
	INSN 4, vmovd %xmm3, (%rdi)
	INSN 8, vmovq %xmm3, (%rdi)
	INSN 8, vmovlps %xmm3, (%rdi)
	INSN 8, vmovhps %xmm11, (%rdi)
	INSN 1, vpextrb $3, %xmm3, (%rdi)
	INSN 2, vpextrw $7, %xmm3, (%rdi)
	INSN 4, vpextrd $2, %xmm3, (%rdi)
	INSN 8, vpextrq $1, %xmm11, (%rdi)
	INSN 16, vextractf128 $1, %ymm3, (%rdi)
	INSN 16, vextracti128 $0, %ymm3, (%rdi)
TABLE_END

/* ymm4 is all ones. */
TABLE contain_masked
	INSN 32, vmaskmovps %ymm3, %ymm4, (%rdi)
	INSN 16, vmaskmovpd %xmm3, %xmm4, (%rdi)
	INSN 32, vpmaskmovd %ymm3, %ymm4, (%rdi)
	INSN 32, vpmaskmovq %ymm11, %ymm4, (%r13)
TABLE_END

/* k1 has every other bit set. */
TABLE contain_evex
	INSN 64, vmovups %zmm3, (%rdi)
	INSN 64, vmovdqu64 %zmm19, (%r13)
	INSN 64, vmovdqu8 %zmm3, -2(%r12,%r9)
	INSN 64, vmovdqa32 %zmm19, (%rdi)
	INSN 64, vmovntdq %zmm3, (%rdi)
	INSN 32, vmovdqu16 %ymm19, (%rdi)
	INSN 16, vmovdqu32 %xmm19, (%rdi)
	INSN 4, vmovss %xmm19, (%rdi)
	INSN 8, vmovhps %xmm19, (%rdi)
	INSN 8, vmovq %xmm19, (%rdi)
	INSN 2, vpextrw $7, %xmm19, (%rdi)
	INSN 16, vextractf32x4 $3, %zmm19, (%rdi)
	INSN 32, vextracti64x4 $1, %zmm3, (%rdi)
TABLE_END
TABLE contain_evex_masked
	INSN 64, vmovdqu64 %zmm3, (%rdi){%k1}
	INSN 32, vmovdqu8 %ymm19, (%rdi){%k1}
TABLE_END

.irp op, stos, movs
TABLE contain_\op
	INSN 1, \op\()b
	INSN 2, \op\()w
	INSN 4, \op\()l
	INSN 8, \op\()q
TABLE_END
TABLE contain_rep_\op
	INSN 1, rep \op\()b
	INSN 2, rep \op\()w
	INSN 4, rep \op\()l
	INSN 8, rep \op\()q
	INSN 8, repne \op\()q
TABLE_END
.endr

/* Stores that insn.c does not know. */
TABLE contain_unknown
	INSN 0, sgdt (%rdi)
	INSN 0, fnstcw (%rdi)
TABLE_END

SYM_CODE_END(contain_insns)
