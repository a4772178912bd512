/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The stores of stray.c, by an instruction each, in two kinds: store_<name>(), and
 * spared_<name>(), which has an entry in the exception table, so that a fault that
 * is not settled ends it and nothing else.
 *
 * Each takes the place, and stores "STRAY" backwards in eight bytes, or the first
 * bytes of that, to one that holds 0; fnstcw two bytes of the FPU's; vectors twice,
 * so that they reach eight bytes beyond. Those are called between
 * kernel_fpu_begin() and kernel_fpu_end().
 */
#include <linux/linkage.h>
#include <asm/asm.h>
#include <asm/nospec-branch.h>

	.section .rodata
	.balign	16
stray_values:
	.quad	0x5941525453, 0x5941525453

	.text

.macro STORE_REGISTERS
	leaq	stray_values(%rip), %rsi
	movq	(%rsi), %rdx
	xorl	%eax, %eax
	movl	$1, %ecx
.endm

.macro STORE name, insn, before
SYM_FUNC_START(store_\name)
	STORE_REGISTERS
	\before
	\insn
	RET
SYM_FUNC_END(store_\name)

SYM_FUNC_START(spared_\name)
	STORE_REGISTERS
	\before
.Lstore_\@:
	\insn
.Lspared_\@:
	_ASM_EXTABLE(.Lstore_\@, .Lspared_\@)
	RET
SYM_FUNC_END(spared_\name)
.endm

STORE mov1, "movb %dl, (%rdi)"
STORE mov2, "movw %dx, (%rdi)"
STORE mov4, "movl %edx, (%rdi)"
STORE mov8, "movq %rdx, (%rdi)"
STORE movnti, "movnti %rdx, (%rdi)"
STORE or, "orq %rdx, (%rdi)"
STORE add, "lock addq %rdx, (%rdi)"
STORE xchg, "xchgq %rdx, (%rdi)"
STORE xadd, "lock xaddq %rdx, (%rdi)"
STORE cmpxchg, "lock cmpxchgq %rdx, (%rdi)"
STORE movs, "rep movsq"
STORE stos, "rep stosq", "movq %rdx, %rax"
STORE fnstcw, "fnstcw (%rdi)"
STORE movups, "movups %xmm0, (%rdi)", "movups (%rsi), %xmm0"
STORE vmovups, "vmovups %xmm0, (%rdi)", "vmovups (%rsi), %xmm0"

/* So many instructions, one behind the other. */
.macro ROW name
SYM_FUNC_START(store_\name)
	STORE_REGISTERS
.rept 150
	movb	%dl, (%rdi)
.endr
	RET
SYM_FUNC_END(store_\name)
.endm

ROW row1
ROW row2
