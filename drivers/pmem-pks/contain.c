// SPDX-License-Identifier: GPL-2.0
/*
 * What a denied store does but for the store: its registers and flags become
 * what they were behind it, memory stays as it is.
 *
 * Called in the page fault, from wherever the writer was, NMI included, with
 * interrupts off: takes no lock, does not sleep, writes to no memory but what
 * it was given.
 *
 * A reader of the same memory sees the old value: a lock taken in a protected
 * page by cmpxchg is not taken, though the flags say so. What insn.c does not
 * know is left to strict.
 */
#include <linux/minmax.h>
#include <linux/string.h>
#include <asm/processor-flags.h>
#include <asm/ptrace.h>

#include "insn.h"

/*
 * The part of it that stores into the domain, each store whole. Of its source no
 * more is read than lies in the cache line that the CPU has just read: it may be
 * poisoned beyond, and the writer be one who would survive that.
 */
static bool contain_string(struct access *a, unsigned long start,
			   unsigned long end, struct contain *c)
{
	bool down = a->regs->flags & X86_EFLAGS_DF;
	struct pt_regs *regs = a->regs;
	unsigned long n = 1, room, i;

	if (a->repeated) {
		room = down ? regs->di + a->width - start : end - regs->di;
		n = min(regs->cx, DIV_ROUND_UP(room, a->width));
		if (!n)
			return false;
		regs->cx -= n;
	}
	c->bytes = n * a->width;
	c->data_len = min_t(u64, down ? a->width : c->bytes, sizeof(c->data));
	if (!a->source) {
		for (i = 0; i < c->data_len; i += a->width)
			memcpy(c->data + i, &regs->ax, a->width);
	} else {
		room = a->width + (-(regs->si + a->width) & 63);
		c->data_len = min_t(u64, c->data_len, room);
		if (!access_read(c->data, regs->si, c->data_len))
			c->data_len = 0;
		regs->si += down ? -c->bytes : c->bytes;
	}
	regs->di += down ? -c->bytes : c->bytes;
	if (!a->repeated || !regs->cx)
		regs->ip += a->insn.length;
	return true;
}

/**
 * contain_store() - do what a denied store does, but for the store
 * @regs: the registers at the fault; afterwards those behind the instruction,
 *	  or before its next repetition that stores to something else
 * @addr: the address that the store was denied at
 * @start: the domain's first address
 * @end: the address after its last
 * @dropped: out: what was not written
 *
 * A repeated string instruction goes on at the domain's end, forwards or
 * backwards; a single store over its edge is dropped whole. A store of which the
 * CPU would have read the memory first, of a domain that denies reads, can't be
 * done.
 *
 * Context: the page fault, interrupts off.
 * Return: false when the instruction is none that is known here, or does not
 * store at @addr; nothing is changed then.
 */
bool contain_store(struct pt_regs *regs, unsigned long addr,
		   unsigned long start, unsigned long end,
		   struct contain *dropped)
{
	struct access a;

	memset(dropped, 0, sizeof(*dropped));
	if (!access_decode(&a, regs) || addr - a.addr >= a.width)
		return false;
	dropped->width = a.width;
	if (a.string) {
		if (!contain_string(&a, start, end, dropped))
			return false;
	} else {
		if (!access_execute(&a, dropped))
			return false;
		regs->ip += a.insn.length;
	}
	/* What it suppressed was a breakpoint at the instruction. */
	regs->flags &= ~X86_EFLAGS_RF;
	return true;
}

/**
 * contain_decode() - what a denied store would write
 * @regs: the registers at the fault
 * @addr: the address that the store was denied at
 * @what: out: what contain_store() would drop, were the domain without ends
 *
 * Context: the page fault, interrupts off.
 * Return: as contain_store(); nothing is changed.
 */
bool contain_decode(const struct pt_regs *regs, unsigned long addr,
		    struct contain *what)
{
	struct pt_regs copy = *regs;

	return contain_store(&copy, addr, 0, ULONG_MAX, what);
}
