// SPDX-License-Identifier: GPL-2.0
/*
 * The shield: what interrupts a grant runs without it.
 *
 * The kernel's ways into an interrupt, a softirq, an NMI, the handling of a
 * page fault, and a context switch are hooked (hook_entry.S). Where nothing is
 * granted the hook is three instructions, six for a context switch, that look at
 * the running CPU's own memory.
 *
 * Not shielded are the reschedule interrupt and KVM's posted ones, which do not
 * go by irq_enter_rcu() and do next to nothing; a machine check and the
 * exceptions other than a page fault (breakpoint, debug), whose handlers must
 * not be hooked: they run with what the interrupted code had. Up to its
 * lock_mm_and_find_vma() so does the page fault on a user's address.
 */
#include <linux/preempt.h>
#include <linux/ptrace.h>

#include "internal.h"

/* No preempt_count() of an interrupted context is this one. */
#define TAG_SOFTIRQ	~0u
/* In a token of an NMI, whose lower half is PKRS as it was. */
#define TOKEN_NMI	BIT_ULL(32)

static struct hook enter_functions[] = {
	{ .name = "irq_enter_rcu" },
	{ .name = "lock_mm_and_find_vma" },
};

static struct hook_set enter_hooks = {
	.hooks = enter_functions,
	.nr = ARRAY_SIZE(enter_functions),
	.trampoline = (unsigned long)hook_enter_trampoline,
};

static struct hook around_functions[] = {
	{ .name = "handle_softirqs", .alias = "__do_softirq" },
	/* Its first lines are inlined into its callers. */
	{ .name = "nmi_handle.part.0", .alias = "nmi_handle" },
};

static struct hook_set around_hooks = {
	.hooks = around_functions,
	.nr = ARRAY_SIZE(around_functions),
	.trampoline = (unsigned long)hook_around_trampoline,
};

static struct hook irq_exit_functions[] = {
	{ .name = "irq_exit_rcu" },
	{ .name = "irq_exit" },
};

static struct hook_set irq_exit_hooks = {
	.hooks = irq_exit_functions,
	.nr = ARRAY_SIZE(irq_exit_functions),
	.trampoline = (unsigned long)hook_irq_exit_trampoline,
};

static struct hook switch_functions[] = {
	{ .name = "finish_task_switch.isra.0", .alias = "finish_task_switch" },
};

static struct hook_set switch_hooks = {
	.hooks = switch_functions,
	.nr = ARRAY_SIZE(switch_functions),
	.trampoline = (unsigned long)hook_switch_trampoline,
};

/*
 * Before irq_enter_rcu(), interrupts off, and before lock_mm_and_find_vma(mm,
 * address, regs), which the page fault calls for what the kernel does to a
 * user's page, and for a user's own access at the most when it can't do with
 * the lock of the mapping alone.
 */
void shield_enter(const unsigned long *args, unsigned long ip)
{
	struct pt_regs *regs = (struct pt_regs *)args[2];

	if (hook_from(&enter_hooks, ip) == &enter_functions[0])
		grant_push(preempt_count());
	else if (!user_mode(regs))
		grant_put_aside(regs);
}

/*
 * Behind irq_exit_rcu(), which also runs softirqs. The count of the interrupted
 * context is the same as before irq_enter_rcu() then, and only then: all that
 * interrupts this interrupt, or its softirqs, has a higher one.
 */
unsigned long shield_irq(const unsigned long *args, unsigned long ip)
{
	return 1;
}

void shield_irq_exit(unsigned long token, unsigned long ret)
{
	grant_pop(preempt_count());
}

/*
 * Around the softirqs, which a thread may run itself when it enables them, and
 * an NMI's handlers. An NMI may have interrupted grant.c in the middle of a
 * change: it goes by the register, and puts back what it found there.
 */
unsigned long shield_around(const unsigned long *args, unsigned long ip)
{
	u64 token;

	if (hook_from(&around_hooks, ip) == &around_functions[0])
		return grant_push(TAG_SOFTIRQ);
	token = TOKEN_NMI | pks_read();
	pks_write(READ_ONCE(pks_closed));
	return token;
}

void shield_around_exit(unsigned long token, unsigned long ret)
{
	if (token & TOKEN_NMI)
		pks_write(token);
	else
		grant_pop(TAG_SOFTIRQ);
}

/**
 * shield_init() - hook the ways into interrupts and the like
 *
 * Nothing is granted yet, and nothing may be until this has returned.
 *
 * Return: 0, or the error of hook_place().
 */
int __init shield_init(void)
{
	struct hook_set *const sets[] = {
		&switch_hooks, &irq_exit_hooks, &around_hooks, &enter_hooks
	};
	int ret, i;

	for (i = 0; i < ARRAY_SIZE(sets); i++) {
		ret = hook_place(sets[i]);
		if (ret)
			goto remove;
	}
	return 0;

remove:
	shield_exit();
	return ret;
}

/* Nothing is granted any more. On return nobody is in a trampoline. */
void shield_exit(void)
{
	hook_remove(&enter_hooks);
	hook_remove(&around_hooks);
	hook_remove(&irq_exit_hooks);
	hook_remove(&switch_hooks);
	/* Threads, and what runs with preemption off. */
	synchronize_rcu_tasks();
	synchronize_rcu();
}
