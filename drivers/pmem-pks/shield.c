// SPDX-License-Identifier: GPL-2.0
/*
 * The shield: code that interrupts a grant runs without that grant.
 *
 * The kernel's ways into an interrupt, a softirq, an NMI, the handling of a page
 * fault, and a context switch are hooked (shield_entry.S). Where no key is open,
 * a hook is three instructions, six for a context switch. They read only the running
 * CPU's own memory.
 *
 * The handler of a page fault runs with no key open from lock_mm_and_find_vma()
 * until exc_page_fault() returns. exc_page_fault() can't be hooked, and a hook of
 * handle_mm_fault() would cost each page fault of user space some instructions. So
 * if a key is open, the hook of lock_mm_and_find_vma() changes the return address of
 * exc_page_fault(), as the kernel's own return probes do. That address is just below
 * the registers of the fault, where the entry code's call has put it.
 *
 * Some code is not shielded, and runs with the grants of the code that it
 * interrupts:
 * - the reschedule interrupt and KVM's posted interrupts, which do not call
 *   irq_enter_rcu() and do next to nothing;
 * - a machine check, and exceptions other than a page fault (breakpoint, debug),
 *   whose handlers must not be hooked;
 * - a page fault on a user's address, up to its lock_mm_and_find_vma().
 */
#include <linux/preempt.h>
#include <linux/ptrace.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <asm/text-patching.h>

#include "internal.h"

/* The tag of a softirq. No preempt_count() has this value. */
#define TAG_SOFTIRQ	~0u
/* Marks a token of an NMI. The token's lower half is PKRS before the NMI. */
#define TOKEN_NMI	BIT_ULL(32)

/* In the order of names.h. */
static struct hook enter_functions[] = { NAMES_SHIELD_ENTER(HOOK_ROW) };
static struct hook around_functions[] = { NAMES_SHIELD_AROUND(HOOK_ROW) };
static struct hook irq_exit_functions[] = { NAMES_SHIELD_IRQ_EXIT(HOOK_ROW) };
static struct hook switch_functions[] = { NAMES_SHIELD_SWITCH(HOOK_ROW) };

static struct hook_set enter_hooks =
	HOOK_SET(enter_functions, &shield_enter_trampoline, HOOK_OTHER);
static struct hook_set around_hooks =
	HOOK_SET(around_functions, &shield_around_trampoline, HOOK_OTHER);
static struct hook_set irq_exit_hooks =
	HOOK_SET(irq_exit_functions, &shield_irq_trampoline, HOOK_OTHER);
static struct hook_set switch_hooks =
	HOOK_SET(switch_functions, &shield_switch_trampoline, HOOK_OTHER);

/* The return address of the entry code's call of exc_page_fault(). */
static unsigned long fault_return;
bool shield_fault_seen;

/*
 * Put the grants aside for a page fault of kernel code on a user's page, if any key
 * is open. A fault that had to wait comes here twice: the second call does nothing.
 */
static void shield_fault(struct pt_regs *regs)
{
	unsigned long *where = (unsigned long *)regs - 1;

	if (READ_ONCE(*where) != fault_return || !grant_put_aside(regs))
		return;
	WRITE_ONCE(*where, (unsigned long)shield_fault_return);
	if (unlikely(!READ_ONCE(shield_fault_seen)))
		WRITE_ONCE(shield_fault_seen, true);
}

/**
 * shield_fault_exit() - end the handling of a page fault
 * @regs: the registers of the fault
 *
 * Context: in place of exc_page_fault()'s return, interrupts off.
 * Return: the original return address.
 */
unsigned long shield_fault_exit(struct pt_regs *regs)
{
	grant_take_back(regs);
	return fault_return;
}

/*
 * Hooks that are left out together: with the hook at an interrupt's begin and
 * without the one at its end, a thread would lose its grants for good. If a part is
 * left out, code of that kind runs with the grants of the code that it interrupts.
 * The other parts work as before. The hook of context switches is in no part:
 * without it a thread would run with the grants of another one.
 */
static const struct {
	const char *name;
	struct hook *hooks[3];
} parts[] = {
	{ "interrupts", { &enter_functions[0], &irq_exit_functions[0],
			  &irq_exit_functions[1] } },
	{ "softirqs", { &around_functions[0] } },
	{ "NMIs", { &around_functions[1] } },
	{ "page faults", { &enter_functions[1] } },
};

char shield_gaps[64];

/* Leave out the part that a hook is in. Return: false if it is in none. */
static bool __init shield_leave_out(const struct hook *hook)
{
	int i, n;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		for (n = 0; n < 3 && parts[i].hooks[n] != hook; n++)
			;
		if (!hook || n == 3)
			continue;
		for (n = 0; n < 3; n++)
			if (parts[i].hooks[n])
				parts[i].hooks[n]->left_out = true;
		if (*shield_gaps)
			strlcat(shield_gaps, ", ", sizeof(shield_gaps));
		strlcat(shield_gaps, parts[i].name, sizeof(shield_gaps));
		pr_warn("degrade=1: %s run with what the code may write that they interrupt\n",
			parts[i].name);
		return true;
	}
	return false;
}

/**
 * shield_show_missing() - list the hooks that the shield does without
 * @buf: a page, for sysfs: gets a line with a function's name for each
 *
 * Context: process context.
 * Return: the length in bytes.
 */
int shield_show_missing(char *buf)
{
	int len = 0, i, n;

	for (i = 0; i < ARRAY_SIZE(parts); i++)
		for (n = 0; n < 3; n++)
			if (parts[i].hooks[n] && parts[i].hooks[n]->left_out)
				len += sysfs_emit_at(buf, len, "%s\n",
						     parts[i].hooks[n]->name);
	return len;
}

/**
 * shield_hook() - the hook of a way into a context that starts with no key open
 * @way: the way
 *
 * Context: any.
 * Return: the hook.
 */
const struct hook *shield_hook(enum shield_way way)
{
	switch (way) {
	case SHIELD_INTERRUPT:
		return &enter_functions[0];
	case SHIELD_SOFTIRQ:
		return &around_functions[0];
	case SHIELD_NMI:
		return &around_functions[1];
	case SHIELD_FAULT:
		return &enter_functions[1];
	default:
		return &switch_functions[0];
	}
}

/**
 * shield_enter() - the trampoline's call before an interrupt or a page fault
 * @args: the function's arguments: lock_mm_and_find_vma(mm, address, regs)
 * @ip: the address in the function that the trampoline was called from
 *
 * A page fault of user code calls lock_mm_and_find_vma() only if the lock of the vma
 * is not enough.
 *
 * Context: before irq_enter_rcu(), interrupts off; or a thread's page fault.
 */
void shield_enter(const unsigned long *args, unsigned long ip)
{
	struct pt_regs *regs = (struct pt_regs *)args[2];
	const struct hook *hook = hook_from(&enter_hooks, ip);

	if (hook == &enter_functions[0])
		grant_push(preempt_count());
	else if (hook && !user_mode(regs))
		shield_fault(regs);
}

/**
 * shield_irq() - the trampoline's call before irq_exit_rcu()
 * @args: not used
 * @ip: not used
 *
 * Context: an interrupt.
 * Return: 1, so that shield_irq_exit() is called.
 */
unsigned long shield_irq(const unsigned long *args, unsigned long ip)
{
	return 1;
}

/**
 * shield_irq_exit() - the trampoline's call after irq_exit_rcu()
 * @token: not used
 * @ret: not used
 *
 * irq_exit_rcu() also runs softirqs. After it, preempt_count() is what it was before
 * irq_enter_rcu(), and only then: whatever interrupts this interrupt, or its
 * softirqs, sees a higher count.
 *
 * Context: an interrupt's end, interrupts off.
 */
void shield_irq_exit(unsigned long token, unsigned long ret)
{
	grant_pop(preempt_count());
}

/**
 * shield_around() - the trampoline's call before softirqs or an NMI
 * @args: not used
 * @ip: the address in the function that the trampoline was called from
 *
 * An NMI may interrupt grant.c in the middle of a change. So for an NMI only PKRS
 * itself is saved and restored.
 *
 * Context: handle_softirqs(), which a thread calls too when it enables softirqs, or
 * an NMI; preemption off.
 * Return: a token for shield_around_exit(); 0 if there is nothing to do.
 */
unsigned long shield_around(const unsigned long *args, unsigned long ip)
{
	const struct hook *hook = hook_from(&around_hooks, ip);
	u64 token;

	if (!hook)
		return 0;
	if (hook == &around_functions[0])
		return grant_push(TAG_SOFTIRQ);
	token = TOKEN_NMI | pks_read();
	pks_write(READ_ONCE(pks_closed));
	return token;
}

/**
 * shield_around_exit() - the trampoline's call after softirqs or an NMI
 * @token: what shield_around() returned
 * @ret: not used
 *
 * Context: as shield_around().
 */
void shield_around_exit(unsigned long token, unsigned long ret)
{
	if (token & TOKEN_NMI)
		pks_write(token);
	else
		grant_pop(TAG_SOFTIRQ);
}

/* Call depth tracking (arch/x86/kernel/callthunks.c) enters a function above it. */
#define THUNK_BYTES	16

/* Find the call of a function in another one. Return: where it returns to, or 0. */
static unsigned long __init shield_find_call(unsigned long in, unsigned long of,
					     const char *name)
{
	unsigned long size = symbols_size(in, NULL);
	const u8 *insn;

	for (insn = (u8 *)in; size >= CALL_INSN_SIZE; insn++, size--) {
		unsigned long next = (unsigned long)insn + CALL_INSN_SIZE;

		if (*insn == CALL_INSN_OPCODE &&
		    of - (next + *(s32 *)(insn + 1)) <= THUNK_BYTES)
			return next;
	}
	pr_err("cannot find the call of %s()\n", name);
	return 0;
}

/*
 * A new thread does not come out of a context switch where others do, but in
 * schedule_tail(). If the compiler has inlined finish_task_switch() there, the hook is
 * never called for it.
 */
static int __init shield_find_calls(void)
{
	fault_return = shield_find_call(symbols.asm_exc_page_fault,
					symbols.exc_page_fault,
					"exc_page_fault");
	if (!fault_return ||
	    !shield_find_call(symbols.schedule_tail, switch_functions[0].addr,
			      switch_functions[0].name))
		return -ENOENT;
	return 0;
}

/**
 * shield_init() - hook the ways into interrupts and the like
 * @degrade: leave out a part if another user holds a function of it
 *
 * No key may be granted before this has returned.
 *
 * Context: process context, sleeps.
 * Return: 0; an error of hook_place(); -ENOENT if the call in the entry code is not
 * found.
 */
int __init shield_init(bool degrade)
{
	struct hook_set *const sets[] = {
		&switch_hooks, &irq_exit_hooks, &around_hooks, &enter_hooks
	};
	int ret, i;

again:
	for (i = 0; i < ARRAY_SIZE(sets); i++) {
		ret = hook_place(sets[i]);
		if (ret)
			goto remove;
	}
	ret = shield_find_calls();
	if (!ret)
		return 0;

remove:
	shield_exit();
	if (ret == -EBUSY && degrade && shield_leave_out(sets[i]->failed))
		goto again;
	return ret;
}

/**
 * shield_exit() - undo shield_init()
 *
 * On return no thread is inside a trampoline.
 *
 * Context: process context, sleeps; no key is granted any more.
 */
void shield_exit(void)
{
	hook_remove(&enter_hooks);
	hook_remove(&around_hooks);
	hook_remove(&irq_exit_hooks);
	hook_remove(&switch_hooks);
	/* Wait for threads, then for code that runs with preemption off. */
	hook_drain();
	synchronize_rcu();
}
