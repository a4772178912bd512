// SPDX-License-Identifier: GPL-2.0
/*
 * The page fault of a denied access: is it a domain's, is it legitimate, and what
 * does the policy say.
 *
 * It runs in the context of the access, with interrupts off: a thread or an
 * interrupt, with any lock held. The only locks taken here are grant.c's lost_lock,
 * and the timer's, by step_row().
 *
 * relaxed lets the one instruction through. step.c performs its store, and the
 * writer goes on after it. A store that can't be performed is single-stepped: the
 * context is granted the key, and EFLAGS.TF makes the CPU stop after the instruction
 * (debug exception), where the grant ends. Interrupts stay as the writer had them.
 * If the instruction faults on its other operand, a user's page, the kernel handles
 * that fault as usual. It may sleep, as the grant belongs to the thread. A repeated
 * string instruction counts once.
 *
 * A write to a page that is pinned, so that the kernel can write it for a user, is
 * let through in the same way, in every mode. Many such writes in a row get a
 * window.
 *
 * /proc/kcore and hibernation read all memory, and do no harm. So their reads of a
 * domain that denies reads are let through in every mode, and not counted. If
 * /proc/kcore were refused one, it would try again for ever (6.12). If hibernation
 * were, the page would be missing from the image.
 *
 * contain does everything that the instruction does, except its store (contain.c),
 * and the writer goes on after it. An instruction that contain.c does not know, and
 * a read, are handled as in strict.
 *
 * strict leaves the fault to the kernel, which kills the thread as for any bad
 * access, and panics if it was an interrupt.
 */
#include <linux/mm.h>
#include <linux/panic.h>
#include <linux/ptrace.h>
#include <linux/uaccess.h>
#include <asm/special_insns.h>
#include <asm/trap_pf.h>
#include <asm/unwind.h>

#include "internal.h"

/* Bits that are set in the error code of an access that PKS denied. */
#define PF_DENIED	(X86_PF_PROT | X86_PF_PK)

int fault_mode = FAULT_RELAXED;
int fault_pinned = PINNED_ALLOW;

#if IS_ENABLED(CONFIG_PMEM_PKS_KUNIT_TEST)
struct store fault_last;

static void fault_note(const struct store *store)
{
	fault_last = *store;
}
#else
static void fault_note(const struct store *store)
{
}
#endif

/* Whether PKRS, which has not changed since the fault, allows an access. */
static bool fault_is_open(const struct denial *denial)
{
	u32 denied = PKRS_KEY_MASK(denial->key);

	if (denial->read)
		denied &= ~PKRS_WRITE_DISABLE(denial->key);
	return !(pks_read() & denied);
}

/* On 6.12 there are five frames between /proc/kcore's function and the copy. */
#define DUMP_DEPTH	8

/* Whether the access is a thread's, and a read by /proc/kcore or hibernation. */
static bool fault_is_dump(struct pt_regs *regs)
{
	struct unwind_state state;
	int depth = 0;

	if (in_interrupt())
		return false;
	if (symbols_is_in(SYMBOLS_DUMPERS, regs->ip))
		return true;
	/* The unwinder begins with the caller. */
	for (unwind_start(&state, current, regs, NULL);
	     !unwind_done(&state) && depth++ < DUMP_DEPTH;
	     unwind_next_frame(&state))
		if (symbols_is_in(SYMBOLS_DUMPERS,
				  unwind_get_return_address(&state)))
			return true;
	return false;
}

/* Find the domain of a denied access. Return: false if there is none. */
static bool fault_find_domain(struct denial *denial)
{
	const struct domain_range *r;

	denial->place = denial->at;
	if (domain_find(denial->at, &r)) {
		denial->domain = r->domain;
		denial->place += r->home - r->start;
	} else {
		denial->domain = domain_find_alias(&denial->place, denial->key);
	}
	return denial->domain;
}

/* @once: if a repeated string instruction is stepped, step one repetition only */
static bool fault_let_through(struct denial *denial, bool once)
{
	struct pt_regs after;
	enum step done;

	done = step_perform(denial->regs, denial->at, denial->key, &after,
			    &denial->store);
	return step_let_through(denial->regs, denial->key, done, &after, once);
}

static bool fault_pinned_write(struct denial *denial, int pinned)
{
	struct pt_regs after;
	enum step done;

	report_pinned(denial);
	/* What goes on from here was not reported. */
	step_goes_on(denial->regs, denial->key);
	done = step_perform(denial->regs, denial->at, denial->key, &after,
			    &denial->store);
	if (pinned == PINNED_ALLOW && done == STEP_DONE &&
	    step_row(denial->regs, denial->at, denial->key))
		report_pinned_window(denial->domain);
	return step_let_through(denial->regs, denial->key, done, &after, true);
}

static void fault_tell(const struct denial *denial, int mode)
{
	report_stray(denial, mode);
	if (mode < FAULT_STRICT)
		fault_note(&denial->store);
	step_row_ends();
}

static bool fault_relaxed(struct denial *denial)
{
	struct pt_regs *regs = denial->regs, after;
	bool told = step_goes_on(regs, denial->key);
	enum step done = STEP_UNKNOWN;

	if (!denial->read) {
		/* First, as a string instruction may overwrite its own source. */
		if (!told)
			contain_decode(regs, denial->at, &denial->store);
		done = step_perform(regs, denial->at, denial->key, &after,
				    &denial->store);
	}
	if (done == STEP_STRING && after.ip == regs->ip)
		step_will_go_on(&after, denial->key);
	if (!told)
		fault_tell(denial, FAULT_RELAXED);
	return step_let_through(regs, denial->key, done, &after, false);
}

/*
 * Do all but the store. In an alias of the domain, only the page that was written is
 * known to belong to the domain, as the alias may be scattered.
 * @after: in: the registers at the fault; out: the registers after the instruction
 */
static bool fault_contain(struct denial *denial, struct pt_regs *after)
{
	unsigned long start = denial->domain->start, end = denial->domain->end;

	if (denial->read)
		return false;
	if (denial->at - start >= end - start) {
		start = denial->at & PAGE_MASK;
		end = start + PAGE_SIZE;
	}
	return contain_store(after, denial->at, start, end, &denial->store);
}

/* Returns only if this CPU is in a panic already. */
static void fault_panic(const struct denial *denial)
{
	char text[32 + DOMAIN_NAME_LEN];

	snprintf(text, sizeof(text), "stray %s %s",
		 denial->read ? "read of" : "write to", denial->domain->name);
	nmi_panic(denial->regs, text);
}

/**
 * fault_mode_of() - what is done about a stray write
 * @d: the domain
 *
 * Context: any.
 * Return: an enum fault_mode, not FAULT_INHERIT.
 */
int fault_mode_of(const struct domain *d)
{
	int mode = READ_ONCE(d->fault_mode);

	return mode == FAULT_INHERIT ? READ_ONCE(fault_mode) : mode;
}

static bool fault_stray(struct denial *denial)
{
	struct pt_regs *regs = denial->regs, after = *regs;
	int mode = fault_mode_of(denial->domain);

	if (mode == FAULT_RELAXED)
		return fault_relaxed(denial);
	if (mode == FAULT_CONTAIN && !fault_contain(denial, &after))
		mode = FAULT_STRICT;
	if (mode != FAULT_CONTAIN && !denial->read)
		contain_decode(regs, denial->at, &denial->store);
	fault_tell(denial, mode);
	if (mode == FAULT_PANIC)
		fault_panic(denial);
	if (mode != FAULT_CONTAIN)
		return false;
	*regs = after;
	/* It may be in a step already, for another domain that it accesses. */
	if (regs->flags & X86_EFLAGS_TF)
		grant_step_done(regs);
	return true;
}

/* denied() of the keys that domains have: check whether the access is legitimate. */
static bool fault_domain_denied(struct denial *denial)
{
	int pinned = READ_ONCE(fault_pinned);

	if (!fault_find_domain(denial))
		return false;
	if (grant_in_scope() && writers_direct_store(denial->regs)) {
		grant_scope_key(denial->key);
		if (fault_is_open(denial))
			return true;
	}
	if (denial->read) {
		if (!fault_is_dump(denial->regs))
			return fault_stray(denial);
		grant_step(denial->key, denial->regs, false);
		return true;
	}
	if (denial->domain->owner && unknown_store(denial->regs))
		return fault_let_through(denial, false);
	if (pinned != PINNED_DENY &&
	    page_is_pinned(denial->domain, denial->place))
		return fault_pinned_write(denial, pinned);
	return fault_stray(denial);
}

const struct key_owner fault_domains = { .denied = fault_domain_denied };

/*
 * Diverts bad_area_nosemaphore(regs, error_code, address). The kernel's handler of
 * faults on kernel addresses calls it if it knows no reason for the fault. Return:
 * true if the fault is dealt with, and the context goes on at regs->ip.
 *
 * No instruction is repeated for ever. There are three cases. Its effect, or a part
 * of it, was performed here, so that regs have moved on. Or PKRS denied the key that
 * the leaf has now, and does not deny it any more: only the end of a grant of this
 * context closes it again. Or keymap_try_again() counts the repetitions.
 */
static bool fault_denied(unsigned long arg0, unsigned long error_code,
			 unsigned long addr)
{
	struct denial denial = {
		.regs = (struct pt_regs *)arg0,
		.at = addr,
		.read = !(error_code & X86_PF_WRITE),
	};
	const struct key_owner *owner;

	if ((error_code & PF_DENIED) != PF_DENIED || user_mode(denial.regs))
		return false;
	if (!denial.read && step_front(denial.regs, &denial.at))
		return true;
	denial.key = keymap_key(denial.at);
	if (!denial.key || fault_is_open(&denial))
		return keymap_try_again(denial.regs->ip, denial.at,
					!denial.read);
	if (grant_covers(denial.key) && fault_is_open(&denial))
		return true;
	owner = pks_key_owner(denial.key);
	return owner && owner->denied(&denial);
}

/*
 * Diverts __warn(file, line, caller, ...), for the warnings of the kernel's handler
 * of faults on kernel addresses. CR2 has not changed since the fault: interrupts are
 * off, and an NMI restores it. For a kernel address the only warning there is about
 * keys. The leaf is not looked at, as it may have lost its key meanwhile.
 */
static bool fault_warn(unsigned long file, unsigned long line,
		       unsigned long caller)
{
	return symbols_is_in(SYMBOLS_WARNERS, caller) &&
	       read_cr2() >= TASK_SIZE_MAX;
}

#define FAULT_ROW(flag, handler, tail, ...)				\
	{ .names = { __VA_ARGS__ }, .handle = handler },

static struct hook fault_functions[] = { NAMES_FAULT(FAULT_ROW) };

static struct hook_set fault_hooks =
	HOOK_SET(fault_functions, NULL, HOOK_OTHER);

/**
 * fault_init() - hook the page fault
 *
 * The kernel's handler of faults on kernel addresses does not expect a key fault: it
 * warns, once per boot, and calls bad_area_nosemaphore(). Both are diverted. Only
 * the line "cut here" of the warning is printed, at the self-test's fault.
 *
 * Context: process context, sleeps.
 * Return: 0, or an error of hook_place().
 */
int __init fault_init(void)
{
	return hook_place(&fault_hooks);
}

/**
 * fault_exit() - undo fault_init()
 *
 * Context: process context, sleeps; no leaf carries a key any more.
 */
void fault_exit(void)
{
	hook_remove(&fault_hooks);
}
