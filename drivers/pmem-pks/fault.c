// SPDX-License-Identifier: GPL-2.0
/*
 * The page fault of a denied access: whether it is ours, who it was, and what
 * follows from the policy.
 *
 * The kernel brings us here with interrupts off, from wherever the writer was:
 * a thread, an interrupt, with any lock held. Nothing here takes a lock.
 *
 * relaxed lets the one instruction through. Its store is performed here (step.c),
 * and the writer goes on behind it. What can't be performed is stepped: its
 * context is granted the key, and EFLAGS.TF makes the CPU stop behind the
 * instruction (debug exception), where the grant ends. Interrupts stay as the
 * writer had them. If the instruction faults on its other operand, a user's page,
 * the fault is served as usual, even asleep, as the grant is the thread's. A
 * repeated string instruction counts once.
 *
 * A write to a page that somebody has pinned, to have the kernel write it, is let
 * through in every mode, in the same way. Many in a row get a window.
 *
 * A read of what denies reads, by /proc/kcore or by hibernation, is let through in
 * every mode as well, and not counted: they read all memory, and mean no harm. To
 * refuse it to /proc/kcore would make it try again for ever (6.12), and one that is
 * not in the image is lost.
 *
 * contain does what the instruction does but for the store (contain.c), and goes
 * on behind it. What it does not know, and a read, is as in strict.
 *
 * strict leaves the fault to the kernel, which kills the offender as it does
 * for any bad access (and panics if it was an interrupt).
 */
#include <linux/kdebug.h>
#include <linux/mm.h>
#include <linux/panic.h>
#include <linux/ptrace.h>
#include <linux/uaccess.h>
#include <asm/debugreg.h>
#include <asm/special_insns.h>
#include <asm/trap_pf.h>
#include <asm/unwind.h>

#include "internal.h"

/* What an access that PKS denied has in its error code, among other bits. */
#define PF_DENIED	(X86_PF_PROT | X86_PF_PK)

int fault_mode = FAULT_RELAXED;
int fault_pinned = PINNED_ALLOW;

#if IS_ENABLED(CONFIG_PMEM_PKS_KUNIT_TEST)
struct contain contain_last;

static void fault_note(const struct contain *store)
{
	contain_last = *store;
}
#else
static void fault_note(const struct contain *store)
{
}
#endif

/*
 * The debug exception behind the instruction, or behind the first one of its
 * exception handler if it was a copy from a user's page that is not there.
 */
static int fault_step_done(struct notifier_block *nb, unsigned long event,
			   void *data)
{
	struct die_args *args = data;
	unsigned long *dr6 = (unsigned long *)args->err;
	struct pt_regs *regs = args->regs;

	if (event != DIE_DEBUG || !(*dr6 & DR_STEP) || user_mode(regs) ||
	    !grant_step_done(regs))
		return NOTIFY_DONE;
	*dr6 &= ~DR_STEP;
	return *dr6 & DR_TRAP_BITS ? NOTIFY_DONE : NOTIFY_STOP;
}

static struct notifier_block fault_step_notifier = {
	.notifier_call = fault_step_done,
	/* Before kprobes and kgdb, who would be surprised. */
	.priority = INT_MAX - 1,
};

/*
 * Whoever steps the writer, us perhaps, is to see the instruction's end.
 */
static enum step fault_perform(int key, const struct pt_regs *regs,
			       unsigned long addr, bool read,
			       struct pt_regs *after, struct contain *store)
{
	if (read || (regs->flags & X86_EFLAGS_TF && !in_nmi()))
		return STEP_UNKNOWN;
	return step_perform(regs, addr, key, after, store);
}

/*
 * Go on behind what was performed, or else have the access stepped.
 *
 * A single step ends in a debug exception, whose stack a handler of such a one
 * may be using: this context, or one below it. Such a handler counts as NMI from
 * its first line of C to its last, and so does whatever interrupts it. So where
 * in_nmi() is false the stack is free, and where it is true nothing is stepped.
 * An access that can't be performed there opens its domain for everybody.
 *
 * @once: of a repeated string instruction, one repetition only is stepped
 * Return: false when the access is to end as the kernel's handler has it.
 */
static bool fault_let_through(int key, struct pt_regs *regs, enum step done,
			      const struct pt_regs *after, bool once)
{
	if (done == STEP_DONE || done == STEP_STRING)
		*regs = *after;
	else if (!in_nmi())
		grant_step(key, regs, once);
	else if (done == STEP_UNKNOWN)
		grant_fail_open(key);
	else
		return false;
	return true;
}

/* Whether PKRS, which is as it was at the fault, lets an access through. */
static bool fault_is_open(int key, bool read)
{
	u32 denied = PKRS_KEY_MASK(key);

	if (read)
		denied &= ~PKRS_WRITE_DISABLE(key);
	return !(pks_read() & denied);
}

/* What is tried again because the TLB was behind the page tables. */
struct fault_retries {
	unsigned long ip;
	unsigned long addr;
	unsigned int changes;
	unsigned int nr;
};

static DEFINE_PER_CPU(struct fault_retries, fault_retries);

#define FAULT_RETRIES	16

/*
 * An access was denied that the page tables and PKRS allow: the leaf's key was
 * changed, and this CPU had the old one in its TLB. The fault has dropped that
 * entry, so the access works when it is tried again, once for each change of
 * keys. It may fail some more times for the same change, in case a CPU does not
 * do as it should, and then it is the kernel's.
 *
 * An interrupt or an NMI that comes between two tries, and has one of its own to
 * make, starts the count anew. It can't do so for ever: it counts as well, and
 * comes to its end before what it interrupted goes on.
 */
static bool fault_retry(const struct pt_regs *regs, unsigned long addr,
			bool read)
{
	struct fault_retries *last = this_cpu_ptr(&fault_retries);
	unsigned int changes = READ_ONCE(keymap_changes);

	if (!keymap_allows(addr, !read))
		return false;
	if (last->ip != regs->ip || last->addr != addr ||
	    last->changes != changes) {
		last->ip = regs->ip;
		last->addr = addr;
		last->changes = changes;
		last->nr = 0;
	}
	return last->nr++ < FAULT_RETRIES;
}

/*
 * Where the kernel's handler of faults on kernel addresses, which warns, has
 * ended up: a function of its own, inlined into its caller, or both.
 */
static struct hook_function warners[] = {
	{ "exc_page_fault" },
	{ "do_kern_addr_fault" },
};

/* Those that read all memory, for somebody who may see it or to save it. */
static struct hook_function dumpers[] = {
	{ "read_kcore_iter" },
	{ "swsusp_save" },
};

/* Between /proc/kcore's function and the copy are five, of 6.12. */
#define DUMP_DEPTH	8

/* Whether it is /proc/kcore or hibernation that reads, in the thread. */
static bool fault_is_dump(struct pt_regs *regs)
{
	struct unwind_state state;
	int depth = 0;

	if (in_interrupt())
		return false;
	if (hook_is_in_functions(dumpers, ARRAY_SIZE(dumpers), regs->ip))
		return true;
	/* It begins with the caller. */
	for (unwind_start(&state, current, regs, NULL);
	     !unwind_done(&state) && depth++ < DUMP_DEPTH;
	     unwind_next_frame(&state))
		if (hook_is_in_functions(dumpers, ARRAY_SIZE(dumpers),
					 unwind_get_return_address(&state)))
			return true;
	return false;
}

/*
 * A domain's alias may be scattered: of that, only the page is known to be its.
 * @after: in: the registers at the fault; out: those without the store.
 */
static bool fault_contain(struct pt_regs *after, const struct domain *d,
			  unsigned long addr, struct contain *store)
{
	unsigned long start = d->start, end = d->end;

	if (addr - start >= end - start) {
		start = addr & PAGE_MASK;
		end = start + PAGE_SIZE;
	}
	return contain_store(after, addr, start, end, store);
}

/* Returns if this CPU is in a panic already. */
static void fault_panic(const struct domain *d, struct pt_regs *regs, bool read)
{
	char text[32 + DOMAIN_NAME_LEN];

	snprintf(text, sizeof(text), "stray %s %s",
		 read ? "read of" : "write to", d->name);
	nmi_panic(regs, text);
}

/*
 * Diverts bad_area_nosemaphore(regs, error_code, address), where the kernel's
 * handler of faults on kernel addresses ends up when it knows of no reason for
 * the fault. Return: true when it is settled and the instruction is to be
 * executed again.
 *
 * No instruction is executed again for ever. Either it went on by as much as was
 * done for it here; or PKRS denied the key that the leaf has now, and does not any
 * more, and only the end of a grant of this context closes it; or it is
 * fault_retry(), which counts.
 */
static bool fault_denied(unsigned long arg0, unsigned long error_code,
			 unsigned long addr)
{
	struct pt_regs *regs = (struct pt_regs *)arg0;
	bool read = !(error_code & X86_PF_WRITE);
	enum step done = STEP_UNKNOWN;
	const struct domain_range *r;
	struct contain store = {};
	int key, mode, pinned;
	struct pt_regs after;
	struct domain *d;
	bool found, told = false;
	unsigned long at;

	if ((error_code & PF_DENIED) != PF_DENIED || user_mode(regs))
		return false;
	if (!read && step_front(regs, &addr))
		return true;
	at = addr;
	key = keymap_key(addr);
	if (!key || fault_is_open(key, read))
		return fault_retry(regs, addr, read);
	if (grant_covers(key) && fault_is_open(key, read))
		return true;
	found = domain_find(addr, &r);
	d = found ? r->domain : domain_find_alias(&addr, key);
	if (!d)
		return false;
	if (found)
		addr += r->home - r->start;

	if (grant_in_scope() && writers_direct_store(regs)) {
		grant_scope_key(key);
		if (fault_is_open(key, read))
			return true;
	}

	if (read && fault_is_dump(regs)) {
		grant_step(key, regs, false);
		return true;
	}

	if (!read && d->owner && unknown_store(regs)) {
		done = fault_perform(key, regs, at, read, &after, &store);
		return fault_let_through(key, regs, done, &after, false);
	}

	pinned = READ_ONCE(fault_pinned);
	if (!read && pinned != PINNED_DENY && page_is_pinned(d, addr)) {
		report_pinned(d, addr, regs);
		done = fault_perform(key, regs, at, read, &after, &store);
		if (pinned == PINNED_ALLOW && done == STEP_DONE &&
		    step_row(regs, at, key))
			report_pinned_window(d);
		return fault_let_through(key, regs, done, &after, true);
	}

	mode = READ_ONCE(d->fault_mode);
	if (mode == FAULT_INHERIT)
		mode = READ_ONCE(fault_mode);
	if (d->silent)
		mode = FAULT_RELAXED;
	after = *regs;
	if (mode == FAULT_CONTAIN) {
		if (read || !fault_contain(&after, d, at, &store))
			mode = FAULT_STRICT;
	}
	if (mode == FAULT_RELAXED) {
		told = step_goes_on(regs, key);
		done = fault_perform(key, regs, at, read, &after, &store);
		if (done == STEP_STRING && after.ip == regs->ip)
			step_will_go_on(&after, key);
	}
	if (!told) {
		if (mode != FAULT_CONTAIN && done != STEP_DONE && !read)
			contain_decode(regs, at, &store);
		report_stray(d, addr, regs, read, mode, &store);
		if (mode < FAULT_STRICT)
			fault_note(&store);
		step_row_ends();
	}
	switch (mode) {
	case FAULT_RELAXED:
		return fault_let_through(key, regs, done, &after, false);
	case FAULT_PANIC:
		fault_panic(d, regs, read);
		return false;
	case FAULT_STRICT:
		return false;
	}
	*regs = after;
	/* It stored to a domain that it was let write, too. */
	if (regs->flags & X86_EFLAGS_TF)
		grant_step_done(regs);
	return true;
}

/*
 * Diverts __warn(file, line, caller, ...). CR2 is still what it was when the
 * fault came: interrupts are off, and an NMI puts it back. Of a fault on a kernel
 * address they warn of nothing but keys, and the leaf may have lost its own since.
 */
static bool fault_warn(unsigned long file, unsigned long line,
		       unsigned long caller)
{
	return hook_is_in_functions(warners, ARRAY_SIZE(warners), caller) &&
	       read_cr2() >= TASK_SIZE_MAX;
}

static struct hook fault_functions[] = {
	{ .name = "bad_area_nosemaphore", .handle = fault_denied },
	{ .name = "__warn", .handle = fault_warn },
};

static struct hook_set fault_hooks = {
	.hooks = fault_functions,
	.nr = ARRAY_SIZE(fault_functions),
};

/*
 * One write that must be denied, caught and let through, before anything
 * depends on it. If it is not caught, the exception table ends it.
 */
static int __init fault_selftest(void)
{
	/* Of the module's: no page of the direct map has to be split for it. */
	static u64 page[PAGE_SIZE / sizeof(u64)] __aligned(PAGE_SIZE);
	static struct domain d = { .name = "self-test", .silent = true };
	const u64 value = 0x5041535345444259;
	int ret;

	d.start = (unsigned long)page;
	d.end = d.start + PAGE_SIZE;
	ret = domain_add(&d);
	if (ret)
		return ret;
	ret = domain_protect(&d, true);
	if (ret)
		goto del_domain;

	ret = -EIO;
	__put_kernel_nofault(page, &value, u64, denied);
	if (*page != value)
		pr_err("self-test: a write that was let through is lost\n");
	else if (atomic64_read(&d.stray_writes) != 1)
		pr_err("self-test: a stray write was seen %lld times\n",
		       atomic64_read(&d.stray_writes));
	else
		ret = 0;
del_domain:
	domain_del(&d);
	return ret;
denied:
	pr_err("self-test: a denied write did not reach us\n");
	goto del_domain;
}

/**
 * fault_init() - hook the page fault, and try it
 *
 * The kernel's handler of faults on kernel addresses warns once a boot that a
 * key fault was not expected, and calls bad_area_nosemaphore(): both are
 * diverted. Of the warning only the line "cut here" comes out, and the
 * self-test uses it up.
 *
 * Return: 0; an error of hook_place(); -EIO when the self-test failed.
 */
int __init fault_init(void)
{
	int ret;

	hook_functions_find(warners, ARRAY_SIZE(warners));
	hook_functions_find(dumpers, ARRAY_SIZE(dumpers));
	ret = access_init();
	if (ret)
		return ret;
	step_init();
	ret = hook_place(&fault_hooks);
	if (ret)
		return ret;
	ret = register_die_notifier(&fault_step_notifier);
	if (ret)
		goto remove_hooks;
	ret = fault_selftest();
	if (ret)
		goto unregister;
	return 0;

unregister:
	unregister_die_notifier(&fault_step_notifier);
remove_hooks:
	hook_remove(&fault_hooks);
	return ret;
}

/* After the last key is gone from the leaves, and the last step is done. */
void fault_exit(void)
{
	unregister_die_notifier(&fault_step_notifier);
	hook_remove(&fault_hooks);
	step_exit();
}
