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
 */
#include <linux/cache.h>
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
	if (width == 4)
		asm goto("1: movnti %1, %0\n"
			 _ASM_EXTABLE(1b, %l[fault])
			 : : "m" (*(u32 *)dst), "r" (*(const u32 *)from)
			 : "memory" : fault);
	else
		asm goto("1: movnti %1, %0\n"
			 _ASM_EXTABLE(1b, %l[fault])
			 : : "m" (*(u64 *)dst), "r" (*(const u64 *)from)
			 : "memory" : fault);
	return true;
fault:
	return false;
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

#define STEP_CMPXCHG(lock, type, mem, old, new)				\
({									\
	type __old = *(const type *)(old);				\
	int __error = 0;						\
	bool __same;							\
									\
	asm volatile("1: " lock "cmpxchg %[value], %[at]\n"		\
		     "2:\n"						\
		     _ASM_EXTABLE_TYPE_REG(1b, 2b, EX_TYPE_EFAULT_REG,	\
					   %[error])			\
		     : [at] "+m" (*(type *)(mem)), "+a" (__old),	\
		       [error] "+r" (__error), "=@ccz" (__same)		\
		     : [value] "q" (*(const type *)(new)) : "memory");	\
	__error ?: __same;						\
})

#define STEP_CMPXCHG16B(lock, mem, old, new)				\
({									\
	u64 __low = ((const u64 *)(old))[0];				\
	u64 __high = ((const u64 *)(old))[1];				\
	int __error = 0;						\
	bool __same;							\
									\
	asm volatile("1: " lock "cmpxchg16b %[at]\n"			\
		     "2:\n"						\
		     _ASM_EXTABLE_TYPE_REG(1b, 2b, EX_TYPE_EFAULT_REG,	\
					   %[error])			\
		     : [at] "+m" (*(u8 (*)[16])(mem)), "+a" (__low),	\
		       "+d" (__high), [error] "+r" (__error),		\
		       "=@ccz" (__same)					\
		     : "b" (((const u64 *)(new))[0]),			\
		       "c" (((const u64 *)(new))[1]) : "memory");	\
	__error ?: __same;						\
})

#define STEP_EXCHANGE(lock, mem, old, new, width)			\
({									\
	int __ret;							\
									\
	switch (width) {						\
	case 1:								\
		__ret = STEP_CMPXCHG(lock, u8, mem, old, new);		\
		break;							\
	case 2:								\
		__ret = STEP_CMPXCHG(lock, u16, mem, old, new);		\
		break;							\
	case 4:								\
		__ret = STEP_CMPXCHG(lock, u32, mem, old, new);		\
		break;							\
	case 8:								\
		__ret = STEP_CMPXCHG(lock, u64, mem, old, new);		\
		break;							\
	default:							\
		__ret = STEP_CMPXCHG16B(lock, mem, old, new);		\
	}								\
	__ret;								\
})

/* Return: 1; 0 if the memory was not @a->old any more; or an error. */
static int step_exchange(const struct access *a, const void *new)
{
	if (a->locked)
		return STEP_EXCHANGE("lock ", a->addr, a->old, new, a->width);
	return STEP_EXCHANGE("", a->addr, a->old, new, a->width);
}

/* @regs: at the fault */
static enum step step_one(struct access *a, const struct pt_regs *regs,
			  struct contain *what)
{
	unsigned int tries;
	int ret;

	/* A lock that is split is slow for all CPUs, or an exception. */
	if (a->direct || (a->locked && (a->addr ^ (a->addr + a->width - 1)) &
				       ~(SMP_CACHE_BYTES - 1ul)))
		return STEP_UNKNOWN;
	for (tries = 0; tries < STEP_TRIES; tries++) {
		*a->regs = *regs;
		if (!access_execute(a, what))
			return STEP_FAULTED;
		if (what->data_len < a->width)
			return STEP_UNKNOWN;
		ret = a->modifies ? step_exchange(a, what->data) :
				    step_put_all(a, what);
		if (!ret && a->modifies)
			continue;
		if (ret <= 0)
			return STEP_FAULTED;
		a->regs->ip += a->insn.length;
		return STEP_DONE;
	}
	return STEP_UNKNOWN;
}

/*
 * A string instruction, as far as the page goes; an element over its end alone.
 * A user's source is read as the writer would: what is not there ends it.
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
	return STEP_DONE;
}

/*
 * Whether the store is to pages of this key or of none. Two of a store's pages
 * may be of two domains.
 */
static bool step_is_within(const struct access *a, int key)
{
	int first = keymap_key(a->addr);
	int last = keymap_key(a->addr + a->width - 1);

	return (!first || first == key) && (!last || last == key);
}

/**
 * step_perform() - perform a denied store
 * @regs: the registers at the fault
 * @addr: the address that the store was denied at
 * @key: the key that denies it
 * @after: out: the registers behind the instruction, or before its next
 *	   repetition in another page
 * @what: out: what was written, but for a string instruction
 *
 * Context: the page fault, interrupts off.
 * Return: STEP_DONE; STEP_UNKNOWN when it is a store that can't be done exactly
 * here; STEP_FAULTED when it would fault with the key open too.
 */
enum step step_perform(const struct pt_regs *regs, unsigned long addr, int key,
		       struct pt_regs *after, struct contain *what)
{
	enum step ret = STEP_UNKNOWN;
	u32 pkrs = pks_read();
	struct access a;

	*after = *regs;
	if (!access_decode(&a, after) || addr - a.addr >= a.width ||
	    !step_is_within(&a, key))
		return STEP_UNKNOWN;
	pks_write(pkrs & ~PKRS_KEY_MASK(key));
	ret = a.string ? step_string(&a) : step_one(&a, regs, what);
	pks_write(pkrs);
	/* What it suppressed was a breakpoint at the instruction. */
	after->flags &= ~X86_EFLAGS_RF;
	return ret;
}
