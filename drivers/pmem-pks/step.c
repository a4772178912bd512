// SPDX-License-Identifier: GPL-2.0
/*
 * Lets one denied store through: performs it in the page fault, with the key open
 * only meanwhile.
 *
 * It runs in the writer's context, NMI included, with interrupts off. An NMI may
 * have interrupted a change of grant.c's contexts. So only PKRS itself is changed
 * here, and then restored. Meanwhile grant_busy is one more, so that an NMI starts with
 * no key open: see shield.c.
 *
 * Memory receives the same bytes as from the writer, in pieces of the same size:
 *
 * - A store of 1, 2, 4 or 8 bytes is one store of that width. A whole vector
 *   register is stored by the CPU's own instruction, and a part of one eight bytes
 *   at a time.
 * - A read-modify-write is a cmpxchg of the old and the new value, repeated until no
 *   other CPU has changed the memory meanwhile. It has a lock prefix if the writer's
 *   instruction has one; then it never crosses a cache line.
 * - A store that bypasses the caches does so here too (movnti), as the writer's
 *   sfence relies on that.
 * - A string instruction is executed as it is, up to the end of the page.
 *
 * Each of these has an entry in the exception table, as the memory may be poisoned,
 * or also be read-only.
 *
 * If a thread stores to pinned pages many times in a row, it gets a window on their
 * domain (grant_brief_open()). A timer of the CPU limits the window: its interrupt
 * ends it, its callback does nothing.
 */
#include <linux/cache.h>
#include <linux/hrtimer.h>
#include <linux/kdebug.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/uaccess.h>
#include <asm/asm.h>
#include <asm/debugreg.h>
#include <asm/processor-flags.h>
#include <asm/ptrace.h>

#include "internal.h"

/* How often another CPU may change the memory during a read-modify-write. */
#define STEP_TRIES	1000
/* Bytes that a CPU may store at once for a repeated string instruction. */
#define STEP_BLOCK	64
/* Instructions of one row are at most so many bytes apart: about one function. */
#define STEP_NEAR	4096
/*
 * Stores of one row are at most so many pages apart: a window may have written them.
 */
#define STEP_PAGES	16

/* The CPU's current row of stores to pinned pages. Accessed with interrupts off. */
struct step_row {
	struct task_struct *task;
	unsigned long ip;
	unsigned long addr;
	int key;
	unsigned int length;
};

/*
 * A string instruction that goes on in its next page. Written with interrupts off;
 * other CPUs may read and clear it.
 */
struct step_rest {
	struct task_struct *task;
	unsigned long ip;
	unsigned long di;
	unsigned long cx;
	int key;
};

static DEFINE_PER_CPU(struct step_row, step_rows);
static DEFINE_PER_CPU(struct step_rest, step_rests);
static DEFINE_PER_CPU(struct hrtimer, step_timers);

static bool step_put(unsigned long dst, const void *from, unsigned int width)
{
	switch (width) {
	case 1:
		__put_kernel_nofault((void *)dst, from, u8, fault);
		return true;
	case 2:
		__put_kernel_nofault((void *)dst, from, u16, fault);
		return true;
	case 4:
		__put_kernel_nofault((void *)dst, from, u32, fault);
		return true;
	case 8:
		__put_kernel_nofault((void *)dst, from, u64, fault);
		return true;
	}
fault:
	return false;
}

/* @width: 4 or 8 */
static bool step_stream(unsigned long dst, const void *from, unsigned int width)
{
	return symbols_call((unsigned long)insn_streams +
			    (width == 8) * INSN_SLOT, dst,
			    (unsigned long)from, 0, 0);
}

static bool step_put_all(const struct access *a, const struct store *store)
{
	bool (*put)(unsigned long dst, const void *from, unsigned int width) =
		a->streaming ? step_stream : step_put;
	unsigned int piece = min(a->width, 8u), i;

	if (!a->streaming && access_put_vector(a))
		return true;
	for (i = 0; i < a->width; i += piece)
		if (!put(a->addr + i, store->data + i, piece))
			return false;
	return true;
}

/* Return: 1; 0 if the memory no longer held @a->old; or an error. */
static int step_exchange(const struct access *a, const void *new)
{
	return symbols_call((unsigned long)insn_exchanges +
			    (a->locked * 5 + ilog2(a->width)) * INSN_SLOT * 2,
			    a->addr, (unsigned long)a->old, (unsigned long)new,
			    0);
}

/* @regs: the registers at the fault */
static enum step step_one(struct access *a, const struct pt_regs *regs,
			  struct store *store)
{
	unsigned long last;
	unsigned int tries;
	int ret;

	/* A split lock slows down all CPUs, or raises an exception. */
	last = a->addr + a->width - 1;
	if (a->direct ||
	    (a->locked && a->addr / SMP_CACHE_BYTES != last / SMP_CACHE_BYTES))
		return STEP_UNKNOWN;
	for (tries = 0; tries < STEP_TRIES; tries++) {
		*a->regs = *regs;
		if (!access_execute(a, store))
			return STEP_FAULTED;
		if (store->data_len < a->width)
			return STEP_UNKNOWN;
		if (a->modifies)
			ret = step_exchange(a, store->data);
		else
			ret = step_put_all(a, store) ? 1 : -EFAULT;
		if (!ret)
			continue;
		if (ret < 0)
			return STEP_FAULTED;
		access_end(a);
		return STEP_DONE;
	}
	return STEP_UNKNOWN;
}

/*
 * Execute a string instruction up to the end of the page. An element that crosses
 * the end is done alone. A missing page of a user's source ends it early.
 */
static enum step step_string(struct access *a)
{
	struct pt_regs *regs = a->regs;
	bool down = regs->flags & X86_EFLAGS_DF;
	unsigned int width = a->width;
	unsigned long n = 1, left, room, from;

	if (a->repeated) {
		room = offset_in_page(regs->di);
		room = down ? room + width : PAGE_SIZE - room;
		n = min(regs->cx, max(room / width, 1ul));
	}
	if (a->source) {
		from = down ? regs->si - (n - 1) * width : regs->si;
		if (from >= TASK_SIZE_MAX) {
			if (!access_readable(from) ||
			    !access_readable(from + n * width - 1))
				return STEP_FAULTED;
		} else if (in_nmi() ||
			   !access_ok((void __user *)from, n * width)) {
			return STEP_FAULTED;
		}
	}
	pagefault_disable();
	left = symbols_call((unsigned long)insn_strings +
			    ((down * 2 + a->source) * 4 + ilog2(width)) *
			    INSN_SLOT, regs->di, regs->si, n, regs->ax);
	pagefault_enable();
	n -= left;
	if (!n)
		return STEP_FAULTED;

	if (down)
		width = -width;
	regs->di += n * (long)(int)width;
	if (a->source)
		regs->si += n * (long)(int)width;
	if (a->repeated)
		regs->cx -= n;
	if (!a->repeated || !regs->cx)
		access_end(a);
	return STEP_STRING;
}

/*
 * Whether both pages of a store have this key or none: they may be in two domains.
 */
static bool step_is_within(const struct access *a, int key)
{
	unsigned long last = a->addr + a->width - 1;
	int found = keymap_key(last);

	if (found && found != key)
		return false;
	if (PFN_DOWN(last) == PFN_DOWN(a->addr))
		return true;
	found = keymap_key(a->addr);
	return !found || found == key;
}

/**
 * step_perform() - perform a denied store
 * @regs: the registers at the fault
 * @addr: the address that the store was denied at
 * @key: the key that denies it
 * @after: out: the registers after the instruction, or before its next repetition
 *	   in another page
 * @store: out: the bytes that were written, if STEP_DONE
 *
 * Context: the page fault, interrupts off.
 * Return: STEP_DONE; STEP_STRING if a string instruction was performed up to the end
 * of the page; STEP_UNKNOWN if the store can't be performed exactly, or the writer
 * is being single-stepped; STEP_FAULTED if the store faults even with the key open.
 */
enum step step_perform(const struct pt_regs *regs, unsigned long addr, int key,
		       struct pt_regs *after, struct store *store)
{
	u32 pkrs = pks_read();
	struct access a;
	enum step ret;

	/* EFLAGS.TF is in use, perhaps by grant_step(): step the instruction. */
	if (regs->flags & X86_EFLAGS_TF && !in_nmi())
		return STEP_UNKNOWN;
	*after = *regs;
	if (!access_decode(&a, after) || addr - a.addr >= a.width ||
	    !step_is_within(&a, key))
		return STEP_UNKNOWN;
	__this_cpu_inc(grant_busy);
	barrier();
	pks_write(pkrs & ~PKRS_KEY_MASK(key));
	store->width = a.width;
	ret = a.string ? step_string(&a) : step_one(&a, regs, store);
	pks_write(pkrs);
	barrier();
	__this_cpu_dec(grant_busy);
	return ret;
}

/**
 * step_front() - handle the part of a string store before the faulting address
 * @regs: the registers at the fault
 * @addr: in: the address that the fault reports; out: the address to check
 *
 * A CPU may store a repeated string instruction in blocks. If a block faults, the
 * address may be in the middle of it. Then the registers are those of the block's
 * begin, and no byte of it is stored (Intel SDM volume 1, 7.3.9.3). If the block
 * begins in a page that is denied as well, that page is checked first. If the writer
 * may write that page, the part in it is stored here.
 *
 * Context: the page fault, interrupts off.
 * Return: whether something was stored; then @regs are those after it.
 */
bool step_front(struct pt_regs *regs, unsigned long *addr)
{
	struct pt_regs after = *regs;
	struct access a;
	int key;

	if (*addr - regs->di - 1 >= STEP_BLOCK - 1 ||
	    !access_decode(&a, &after) || !a.repeated ||
	    regs->flags & X86_EFLAGS_DF)
		return false;
	if (!((*addr ^ regs->di) & PAGE_MASK)) {
		*addr = regs->di;
		return false;
	}
	key = keymap_key(regs->di);
	if (pks_read() & PKRS_KEY_MASK(key)) {
		*addr = regs->di;
		return false;
	}
	/* The element that crosses into the denied page is left. */
	if ((*addr & PAGE_MASK) - regs->di < a.width ||
	    step_string(&a) != STEP_STRING)
		return false;
	*regs = after;
	return true;
}

static bool step_take_rest(int cpu, const struct pt_regs *regs, int key)
{
	struct step_rest *rest = per_cpu_ptr(&step_rests, cpu);

	if (READ_ONCE(rest->task) != current || rest->ip != regs->ip ||
	    rest->di != regs->di || rest->cx != regs->cx || rest->key != key)
		return false;
	WRITE_ONCE(rest->task, NULL);
	return true;
}

/* Whether rep is among the prefixes. There is at most one of each of four groups. */
static bool step_is_repeated(const u8 *insn)
{
	int i;

	for (i = 0; i < 4; i++) {
		switch (insn[i]) {
		case 0xf2:
		case 0xf3:
			return true;
		case 0x26:	/* a segment */
		case 0x2e:
		case 0x36:
		case 0x3e:
		case 0x64:
		case 0x65:
		case 0x66:	/* a size */
		case 0x67:
			continue;
		}
		break;
	}
	return false;
}

/**
 * step_goes_on() - check whether a string instruction was reported a page before
 * @regs: the registers at the fault
 * @key: the key that denies it
 *
 * The thread may have moved to another CPU in between.
 *
 * Context: the page fault, interrupts off. Cost: a look at each online CPU for a
 * repeated string instruction that this CPU has not noted.
 * Return: whether it was. The note is used up.
 */
bool step_goes_on(const struct pt_regs *regs, int key)
{
	int cpu;

	if (step_take_rest(smp_processor_id(), regs, key))
		return true;
	if (!step_is_repeated((const u8 *)regs->ip))
		return false;
	for_each_online_cpu(cpu)
		if (step_take_rest(cpu, regs, key))
			return true;
	return false;
}

/**
 * step_will_go_on() - note a string instruction that goes on in another page
 * @regs: the registers before the next page
 * @key: the key that denied this one
 *
 * Context: the page fault, interrupts off.
 */
void step_will_go_on(const struct pt_regs *regs, int key)
{
	struct step_rest *rest = this_cpu_ptr(&step_rests);

	*rest = (struct step_rest){
		.task = current, .ip = regs->ip, .di = regs->di,
		.cx = regs->cx, .key = key,
	};
}

/**
 * step_row_ends() - end the CPU's row of stores, as a stray access came
 *
 * Context: the page fault, interrupts off.
 */
void step_row_ends(void)
{
	this_cpu_ptr(&step_rows)->length = 0;
}

/**
 * step_row() - note a store to a pinned page, and open a window in a long row
 * @regs: the registers at the fault
 * @addr: the address
 * @key: the key that denies it
 *
 * The stores of a row are of one thread, key and piece of code (STEP_NEAR), and near
 * each other (STEP_PAGES). Only a thread gets a window, and only with interrupts on:
 * otherwise it may hold the timer's lock.
 *
 * Context: the page fault, interrupts off.
 * Return: whether a window was opened.
 */
bool step_row(const struct pt_regs *regs, unsigned long addr, int key)
{
	struct step_row *row = this_cpu_ptr(&step_rows);

	if (!in_task() || !(regs->flags & X86_EFLAGS_IF))
		return false;
	if (row->task != current || row->key != key ||
	    regs->ip - row->ip + STEP_NEAR > 2 * STEP_NEAR ||
	    PFN_DOWN(addr) - PFN_DOWN(row->addr) > STEP_PAGES)
		row->length = 0;
	row->task = current;
	row->key = key;
	row->ip = regs->ip;
	row->addr = addr;
	if (row->length < STEP_ROW) {
		row->length++;
		return false;
	}
	if (!grant_brief_open(key))
		return false;
	hrtimer_start(this_cpu_ptr(&step_timers), ns_to_ktime(STEP_WINDOW_US * NSEC_PER_USEC),
		      HRTIMER_MODE_REL_PINNED_HARD);
	return true;
}

/**
 * step_let_through() - go on after what was performed, or single-step the access
 * @regs: in: the registers at the fault; out: the registers to go on with
 * @key: the key that denies the access
 * @done: what step_perform() returned; STEP_UNKNOWN for a read
 * @after: the registers after what was performed, if anything was
 * @once: if it is a repeated string instruction, step one repetition only
 *
 * A single step ends in a debug exception, which has one stack per CPU. A handler of
 * such an exception, in this context or in one below it, may still use that stack.
 * The handler counts as NMI from its first line of C to its last, and so does any
 * code that interrupts it. So if in_nmi() is false, the stack is free. If it is
 * true, nothing is stepped: an access that can't be performed opens its domain for
 * all contexts.
 *
 * Context: the page fault, interrupts off.
 * Return: false if the fault is left to the kernel.
 */
bool step_let_through(struct pt_regs *regs, int key, enum step done,
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

/*
 * The debug exception after the stepped instruction. If the instruction was a copy
 * from a missing user page, it comes after the first instruction of the fixup code.
 */
static int step_done(struct notifier_block *nb, unsigned long event,
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

static struct notifier_block step_notifier = {
	.notifier_call = step_done,
	/* Before kprobes and kgdb, which do not expect this exception. */
	.priority = INT_MAX - 1,
};

static enum hrtimer_restart step_timer(struct hrtimer *timer)
{
	return HRTIMER_NORESTART;
}

/**
 * step_init() - set up the timers, and register for debug exceptions
 *
 * Context: process context, sleeps.
 * Return: 0, or an error of register_die_notifier().
 */
int __init step_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		compat_hrtimer_setup(per_cpu_ptr(&step_timers, cpu), step_timer,
				     CLOCK_MONOTONIC,
				     HRTIMER_MODE_REL_PINNED_HARD);
	return register_die_notifier(&step_notifier);
}

/**
 * step_exit() - undo step_init()
 *
 * Context: process context, sleeps; no window is opened any more, and the last step
 * is complete.
 */
void step_exit(void)
{
	int cpu;

	unregister_die_notifier(&step_notifier);
	for_each_possible_cpu(cpu)
		hrtimer_cancel(per_cpu_ptr(&step_timers, cpu));
}
