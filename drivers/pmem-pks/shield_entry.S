/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The trampolines of shield.c. Where no key is open, only their first instructions
 * run, which read the running CPU's own memory.
 */
#include "hook_entry.h"

	.text

	HOOK_BEFORE shield_enter_trampoline, shield_enter, grant_busy
	HOOK_AROUND shield_around_trampoline, shield_around, shield_around_exit, unless=grant_busy
	HOOK_AROUND shield_irq_trampoline, shield_irq, shield_irq_exit, unless=grant_level

/* A context switch. %rax holds no argument, so it is free here. */
	HOOK_TRAMPOLINE shield_switch_trampoline
	cmpl	$0, PER_CPU_VAR(grant_busy)
	jne	1f
	movq	COMPAT_CURRENT, %rax
	cmpq	$0, TASK_preempt_notifiers(%rax)
	jne	1f
	RET
1:
	HOOK_ENTER_ONLY grant_switch
	HOOK_TRAMPOLINE_END shield_switch_trampoline

/*
 * exc_page_fault() returns here if a grant was put aside for it. The grant is given
 * back, and the CPU goes on at the original return address. The unwinder sees the
 * registers of the fault, as it would see them there.
 */
SYM_CODE_START(shield_fault_frame)
	UNWIND_HINT_REGS
	ANNOTATE_NOENDBR
	/* The unwinder looks up the instruction before a return address. */
	nop
SYM_INNER_LABEL(shield_fault_return, SYM_L_GLOBAL)
	ANNOTATE_NOENDBR
	movq	%rsp, %rdi
	call	shield_fault_exit
	pushq	%rax
	UNWIND_HINT_REGS offset=8
	RET
SYM_CODE_END(shield_fault_frame)
