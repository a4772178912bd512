// SPDX-License-Identifier: GPL-2.0
/*
 * Does everything that a denied instruction does, except its store: registers and
 * flags become what they are after the instruction, and memory stays as it is.
 *
 * It runs in the page fault, in the writer's context, NMI included, with interrupts
 * off. It takes no lock, does not sleep, and writes only to memory that the caller
 * passes in.
 *
 * A reader of the same memory sees the old value. So a lock in a protected page is
 * not taken by a cmpxchg, though the flags say that it is. An instruction that
 * insn.c does not know is handled as in strict.
 */
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <asm/processor-flags.h>
#include <asm/ptrace.h>

#include "internal.h"

/*
 * Skip the repetitions of a string instruction that store into the domain. The
 * source is read only up to the end of the cache line that the CPU has just read.
 * Memory after that may be poisoned, and the writer may be a copy that survives
 * poison.
 */
static bool contain_string(struct access *a, unsigned long start,
			   unsigned long end, struct store *dropped)
{
	bool down = a->regs->flags & X86_EFLAGS_DF;
	struct pt_regs *regs = a->regs;
	unsigned long n = 1, room, gap, i;

	if (a->repeated) {
		room = down ? regs->di + a->width - start : end - regs->di;
		n = min(regs->cx, DIV_ROUND_UP(room, a->width));
		if (!n)
			return false;
		regs->cx -= n;
	}
	dropped->bytes = n * a->width;
	dropped->data_len = min_t(u64, down ? a->width : dropped->bytes, sizeof(dropped->data));
	if (!a->source) {
		for (i = 0; i < dropped->data_len; i += a->width)
			memcpy(dropped->data + i, &regs->ax, a->width);
	} else {
		room = a->width + (-(regs->si + a->width) & 63);
		dropped->data_len = min_t(u64, dropped->data_len, room);
		if (!access_read(dropped->data, regs->si, dropped->data_len))
			dropped->data_len = 0;
		/* It may read what its earlier repetitions have written. */
		gap = regs->di - regs->si;
		for (i = a->width; i < dropped->data_len; i++)
			if (i - gap < round_down(i, a->width))
				dropped->data[i] = dropped->data[i - gap];
		regs->si += down ? -dropped->bytes : dropped->bytes;
	}
	regs->di += down ? -dropped->bytes : dropped->bytes;
	if (!a->repeated || !regs->cx)
		access_end(a);
	return true;
}

/**
 * contain_store() - do everything that a denied instruction does, except its store
 * @regs: in: the registers at the fault; out: the registers after the instruction,
 *	  or before its first repetition that stores outside the domain
 * @addr: the address that the store was denied at
 * @start: the domain's first address
 * @end: the address after its last byte
 * @dropped: out: the bytes that were not written
 *
 * A repeated string instruction goes on at the domain's end, forwards or backwards.
 * A single store over an edge is dropped whole. A read-modify-write in a domain that
 * denies reads can't be contained.
 *
 * Context: the page fault, interrupts off.
 * Return: false if the instruction is not known here, does not store at @addr, or
 * can't be contained. Then the caller discards @regs.
 */
bool contain_store(struct pt_regs *regs, unsigned long addr,
		   unsigned long start, unsigned long end,
		   struct store *dropped)
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
		access_end(&a);
	}
	return true;
}

/**
 * contain_decode() - find the bytes that a denied store would write
 * @regs: the registers at the fault
 * @addr: the address that the store was denied at
 * @what: out: what contain_store() would drop in a domain without ends
 *
 * Context: the page fault, interrupts off.
 * Return: as contain_store(); @regs do not change.
 */
bool contain_decode(const struct pt_regs *regs, unsigned long addr,
		    struct store *what)
{
	struct pt_regs copy = *regs;

	return contain_store(&copy, addr, 0, ULONG_MAX, what);
}
