// SPDX-License-Identifier: GPL-2.0
/*
 * The shield: what interrupts a grant runs without it.
 *
 * The kernel's ways into an interrupt, a softirq, an NMI, the handling of a
 * page fault, and a context switch are hooked (hook_entry.S). Where nothing is
 * granted the hook is three instructions, six for a context switch, that look at
 * the running CPU's own memory.
 *
 * A page fault's handler runs with nothing open from its lock_mm_and_find_vma() on,
 * until exc_page_fault() returns. That function can't be hooked. What can be, and
 * returns when all is done (handle_mm_fault()), would cost each page fault of user
 * space some instructions. So the hook of the former changes where exc_page_fault()
 * returns to, as the kernel's own return probes do, and only for a fault that comes
 * while something is open. The return address lies below the registers of the
 * fault, where the entry code's call has put it.
 *
 * Not shielded are the reschedule interrupt and KVM's posted ones, which do not
 * go by irq_enter_rcu() and do next to nothing; a machine check and the
 * exceptions other than a page fault (breakpoint, debug), whose handlers must
 * not be hooked: they run with what the interrupted code had. Up to its
 * lock_mm_and_find_vma() so does the page fault on a user's address.
 */
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/preempt.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/uaccess.h>
#include <asm/text-patching.h>

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

/* Where the entry code calls exc_page_fault(): the address behind the call. */
static unsigned long fault_return;
/* A grant was put aside for a page fault once; for the self-test. */
static bool fault_seen;

/*
 * A page fault of the kernel's is about to be handled, on a user's page, while
 * something may be open. A fault may come here twice, when it has had to wait.
 */
static void shield_fault(struct pt_regs *regs)
{
	unsigned long *where = (unsigned long *)regs - 1;

	if (READ_ONCE(*where) != fault_return || !grant_put_aside(regs))
		return;
	WRITE_ONCE(*where, (unsigned long)hook_fault_return);
	if (unlikely(!READ_ONCE(fault_seen)))
		WRITE_ONCE(fault_seen, true);
}

/* Behind exc_page_fault(), interrupts off. Return: where it was to return to. */
unsigned long shield_fault_exit(struct pt_regs *regs)
{
	grant_take_back(regs);
	return fault_return;
}

/*
 * What goes together: an interrupt that is entered and never left would keep
 * its thread's grants from it for good. Without a part, what it is about runs
 * with what the interrupted code may write; the other parts are as good as ever.
 * There is no such part for context switches: threads would run with what others
 * have opened.
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

/* Do without a hook, and its part. Return: whether that can be. */
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
 * @buf: a page, for sysfs: the name of a function in each line
 *
 * Return: the length.
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
		shield_fault(regs);
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

/* The entry code has one call of exc_page_fault(), in asm_exc_page_fault(). */
static int __init shield_find_return(void)
{
	unsigned long entry = hook_symbol("asm_exc_page_fault");
	unsigned long handler = hook_symbol("exc_page_fault");
	unsigned long size = entry ? hook_symbol_size(entry, NULL) : 0;
	const u8 *insn;

	for (insn = (u8 *)entry; size >= CALL_INSN_SIZE; insn++, size--) {
		unsigned long next = (unsigned long)insn + CALL_INSN_SIZE;

		if (*insn == CALL_INSN_OPCODE &&
		    next + *(s32 *)(insn + 1) == handler) {
			fault_return = next;
			return 0;
		}
	}
	pr_err("cannot find the call of exc_page_fault()\n");
	return -ENOENT;
}

/* Any key will do: no page has one yet. */
#define TEST_KEY	1

static bool __init shield_test_open(void)
{
	bool open;

	preempt_disable();
	open = !(pks_read() & PKRS_KEY_MASK(TEST_KEY));
	preempt_enable();
	return open;
}

/**
 * shield_selftest() - try what nothing may depend on before it is proven
 *
 * A grant follows its thread off a CPU and back, and over a page fault on a page
 * of the process that loads the module, if it is one.
 *
 * Return: 0, or -EIO, with a line in the log.
 */
int __init shield_selftest(void)
{
	const char *what = NULL;
	unsigned long page;
	char byte;

	preempt_disable();
	grant_open_slowly(TEST_KEY);
	preempt_enable();
	schedule_timeout_uninterruptible(1);
	if (!shield_test_open())
		what = "a context switch";
	if (!what && current->mm && !enter_functions[1].left_out) {
		page = vm_mmap(NULL, 0, PAGE_SIZE, PROT_READ,
			       MAP_PRIVATE | MAP_ANONYMOUS, 0);
		if (IS_ERR_VALUE(page) ||
		    copy_from_user(&byte, (char __user *)page, 1) ||
		    !fault_seen || !shield_test_open())
			what = "a page fault";
		if (!IS_ERR_VALUE(page))
			vm_munmap(page, PAGE_SIZE);
	}
	preempt_disable();
	if (!grant_close_slowly(TEST_KEY))
		what = "its end";
	preempt_enable();
	if (what)
		pr_err("self-test: a grant did not follow over %s\n", what);
	return what ? -EIO : 0;
}

/**
 * shield_init() - hook the ways into interrupts and the like
 * @degrade: go on without the parts that somebody else keeps from being hooked
 *
 * Nothing is granted yet, and nothing may be until this has returned.
 *
 * Return: 0, an error of hook_place(); -ENOENT when the entry code is not known.
 */
int __init shield_init(bool degrade)
{
	struct hook_set *const sets[] = {
		&switch_hooks, &irq_exit_hooks, &around_hooks, &enter_hooks
	};
	int ret, i;

	ret = shield_find_return();
	if (ret)
		return ret;
again:
	for (i = 0; i < ARRAY_SIZE(sets); i++) {
		ret = hook_place(sets[i]);
		if (ret)
			goto remove;
	}
	return 0;

remove:
	shield_exit();
	if (ret == -EBUSY && degrade && shield_leave_out(sets[i]->failed))
		goto again;
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
	hook_drain();
	synchronize_rcu();
}
