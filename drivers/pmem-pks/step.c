// SPDX-License-Identifier: GPL-2.0
/*
 * One store, let through: performed here, in the page fault, with the key open
 * for as long as it takes.
 *
 * Called from wherever the writer was, NMI included, with interrupts off. The
 * contexts of grant.c may be half changed below an NMI. So this goes by PKRS
 * alone, and puts back what it found there.
 *
 * Memory gets what it would get from the writer, in as many pieces:
 *
 * - One store of 1, 2, 4 or 8 bytes is one store of that width. A whole vector
 *   register is stored by the CPU's own instruction, other parts of vectors eight
 *   bytes at a time.
 * - What reads, modifies and writes is a cmpxchg of what was read and what became
 *   of it, again until nobody was faster: with a lock prefix if the writer's had
 *   one, and then never over the edge of a cache line.
 * - A store past the caches stays one (movnti), as the writer's sfence counts on
 *   it.
 * - A string instruction is executed as it is, up to the end of the page.
 *
 * Each has an entry in the exception table: the memory may be poisoned, or
 * read-only besides.
 *
 * When a thread's stores to pinned pages come in a row, it gets a window on their
 * domain (grant_brief_open()). A timer of the CPU's bounds it: the interrupt is
 * what ends it, the timer itself does nothing.
 */
#include <linux/cache.h>
#include <linux/hrtimer.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/uaccess.h>
#include <asm/asm.h>
#include <asm/processor-flags.h>
#include <asm/ptrace.h>

#include "insn.h"

/* How often another CPU may be faster. */
#define STEP_TRIES	1000
/* What a CPU may store at once of a repeated string instruction. */
#define STEP_BLOCK	64
/* The code of one function, roughly. */
#define STEP_NEAR	4096
/* Pages that a window may have written. */
#define STEP_PAGES	16

/* Stores to pinned pages, one behind the other. Interrupts off. */
struct step_row {
	struct task_struct *task;
	unsigned long ip;
	unsigned long addr;
	int key;
	unsigned int length;
};

/* A string instruction of which a page is done. Interrupts off. */
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

/* Of 4 or 8 bytes. */
static bool step_stream(unsigned long dst, const void *from, unsigned int width)
{
	return hook_call((unsigned long)step_streams +
			 (width == 8) * CONTAIN_SLOT, dst,
			 (unsigned long)from, 0, 0);
}

static bool step_put_all(const struct access *a, const struct contain *what)
{
	bool (*put)(unsigned long dst, const void *from, unsigned int width) =
		a->streaming ? step_stream : step_put;
	unsigned int piece = min(a->width, 8u), i;

	if (!a->streaming && access_put_vector(a))
		return true;
	for (i = 0; i < a->width; i += piece)
		if (!put(a->addr + i, what->data + i, piece))
			return false;
	return true;
}

/* Return: 1; 0 if the memory was not @a->old any more; or an error. */
static int step_exchange(const struct access *a, const void *new)
{
	return hook_call((unsigned long)step_exchanges +
			 (a->locked * 5 + ilog2(a->width)) * CONTAIN_SLOT * 2,
			 a->addr, (unsigned long)a->old, (unsigned long)new, 0);
}

/* @regs: at the fault */
static enum step step_one(struct access *a, const struct pt_regs *regs,
			  struct contain *what)
{
	unsigned long last;
	unsigned int tries;
	int ret;

	/* A lock that is split is slow for all CPUs, or an exception. */
	last = a->addr + a->width - 1;
	if (a->direct ||
	    (a->locked && a->addr / SMP_CACHE_BYTES != last / SMP_CACHE_BYTES))
		return STEP_UNKNOWN;
	for (tries = 0; tries < STEP_TRIES; tries++) {
		*a->regs = *regs;
		if (!access_execute(a, what))
			return STEP_FAULTED;
		if (what->data_len < a->width)
			return STEP_UNKNOWN;
		if (a->modifies)
			ret = step_exchange(a, what->data);
		else
			ret = step_put_all(a, what) ? 1 : -EFAULT;
		if (!ret)
			continue;
		if (ret < 0)
			return STEP_FAULTED;
		a->regs->ip += a->insn.length;
		return STEP_DONE;
	}
	return STEP_UNKNOWN;
}

/*
 * A string instruction, as far as the page goes; an element over its end alone.
 * What is not there of a user's source ends it.
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
	left = hook_call((unsigned long)step_strings +
			 ((down * 2 + a->source) * 4 + ilog2(width)) *
			 CONTAIN_SLOT, regs->di, regs->si, n, regs->ax);
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
		regs->ip += a->insn.length;
	return STEP_STRING;
}

/*
 * Whether the store is to pages of this key or of none. Two of a store's pages
 * may be of two domains.
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
 * @after: out: the registers behind the instruction, or before its next
 *	   repetition in another page
 * @what: out: what was written, if STEP_DONE
 *
 * Context: the page fault, interrupts off.
 * Return: STEP_DONE; STEP_STRING when it was one page of a string instruction;
 * STEP_UNKNOWN when it is a store that can't be done exactly
 * here; STEP_FAULTED when it would fault with the key open too.
 */
enum step step_perform(const struct pt_regs *regs, unsigned long addr, int key,
		       struct pt_regs *after, struct contain *what)
{
	u32 pkrs = pks_read();
	struct access a;
	enum step ret;

	*after = *regs;
	if (!access_decode(&a, after) || addr - a.addr >= a.width ||
	    !step_is_within(&a, key))
		return STEP_UNKNOWN;
	pks_write(pkrs & ~PKRS_KEY_MASK(key));
	what->width = a.width;
	ret = a.string ? step_string(&a) : step_one(&a, regs, what);
	pks_write(pkrs);
	/* What it suppressed was a breakpoint at the instruction. */
	after->flags &= ~X86_EFLAGS_RF;
	return ret;
}

/**
 * step_front() - what lies in front of the address that a fault reports
 * @regs: the registers at the fault
 * @addr: in: the address; out: the one that is to be judged
 *
 * Of a repeated string instruction a CPU may store blocks, and report an address
 * inside of one: the registers are those of the block's begin, and nothing of it
 * is stored. If the block begins in a page that is denied as well, that one is
 * judged first. If it begins in one that the writer may write, that part is
 * stored.
 *
 * Context: the page fault, interrupts off.
 * Return: whether something was stored; then @regs are behind it.
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
	/* The element on the edge is what was denied. */
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

/**
 * step_goes_on() - whether a string instruction was counted a page before
 * @regs: the registers at the fault
 * @key: the key that denies it
 *
 * The thread may have been moved to another CPU in between.
 *
 * Context: the page fault, interrupts off.
 */
bool step_goes_on(const struct pt_regs *regs, int key)
{
	int cpu;

	if (step_take_rest(smp_processor_id(), regs, key))
		return true;
	if ((*(const u8 *)regs->ip & 0xfe) != 0xf2)
		return false;
	for_each_online_cpu(cpu)
		if (step_take_rest(cpu, regs, key))
			return true;
	return false;
}

/**
 * step_will_go_on() - note a string instruction of which a page is done
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
 * step_row_ends() - a stray access comes between two stores to pinned pages
 *
 * Context: the page fault, interrupts off.
 */
void step_row_ends(void)
{
	this_cpu_ptr(&step_rows)->length = 0;
}

/**
 * step_row() - note a store to a pinned page, and open a window in a long row
 * @regs: the registers at the fault, or behind the store
 * @addr: the address
 * @key: the key that denies it
 *
 * A row is of one thread and one piece of code, and does not jump. A
 * window is the thread's only: where something was interrupted there is none.
 * Nor is there one where interrupts are off, as the timer has a lock.
 *
 * Context: the page fault, interrupts off.
 * Return: whether there is a window now.
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

static enum hrtimer_restart step_timer(struct hrtimer *timer)
{
	return HRTIMER_NORESTART;
}

void __init step_init(void)
{
	struct hrtimer *timer;
	int cpu;

	for_each_possible_cpu(cpu) {
		timer = per_cpu_ptr(&step_timers, cpu);
		hrtimer_init(timer, CLOCK_MONOTONIC,
			     HRTIMER_MODE_REL_PINNED_HARD);
		timer->function = step_timer;
	}
}

/* No window is opened any more. */
void step_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		hrtimer_cancel(per_cpu_ptr(&step_timers, cpu));
}
