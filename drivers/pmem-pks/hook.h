/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kernel functions hooked by name: see hook.c, and hook_entry.h for the trampolines.
 */
#ifndef PMEM_PKS_HOOK_H
#define PMEM_PKS_HOOK_H

#include <linux/array_size.h>
#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/list.h>
#include <linux/types.h>

#include "names.h"

struct ftrace_ops;

#define HOOK_NAMES	2	/* names of one function on different kernels */
#define HOOK_TAILS	2
#define HOOK_NAME_LEN	64

struct hook {
	const char *names[HOOK_NAMES];	/* the first that the kernel has is used */
	const char *tails[HOOK_TAILS];	/* functions that it ends in by a jump */
	bool optional;		/* not every kernel has it */
	bool left_out;		/* shield.c: not hooked, as another user holds it */
	union {
		/* writers.c: number of the argument that is the destination */
		int dst_arg;
		/* For a diverted function. Return: true to skip the function. */
		bool (*handle)(unsigned long arg0, unsigned long arg1,
			       unsigned long arg2);
	};
	atomic64_t hits;	/* writers.c: calls that were wrapped */
	/* Set by hook_place(). */
	const char *name;		/* the name that was found */
	char copy[HOOK_NAME_LEN];	/* ... if it is of a compiler's copy */
	unsigned long addr;	/* 0 if there is no such function */
	unsigned long size;
	unsigned long tail_addr[HOOK_TAILS];
	unsigned long tail_size[HOOK_TAILS];
};

/* Makes a struct hook of a row of names.h. */
#define HOOK_NEEDED	false
#define HOOK_OPTIONAL	true
#define HOOK_THP	(!IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE))
#define HOOK_LIST(...)	__VA_ARGS__
#define HOOK_ROW(flag, argument, tail, ...)				\
	{								\
		.names = { __VA_ARGS__ },				\
		.tails = { HOOK_LIST tail },				\
		.optional = HOOK_##flag,				\
		.dst_arg = argument,					\
	},

/* The kinds that hook_settle() waits for, a bit each. */
enum hook_kind {
	HOOK_OTHER = 0,
	HOOK_MAPPINGS = BIT(0),
	HOOK_ALIASES = BIT(1),
	HOOK_WRITERS = BIT(2),
};

/* Defined by the macros of hook_entry.h. */
struct hook_trampoline {
	unsigned long start;
	unsigned long size;
	unsigned long waiting;	/* where the function returns to; 0: it does not */
};

/* Hooks that are placed and removed together: each set costs the kernel time. */
struct hook_set {
	struct hook *hooks;
	unsigned int nr;
	/* NULL: the functions are diverted, not wrapped. */
	const struct hook_trampoline *trampoline;
	enum hook_kind kind;
	const struct hook *failed;	/* the hook that hook_place() failed on */
	struct ftrace_ops *ops;		/* NULL while not in place */
	bool unhooked;	/* writers.c: placing it in its module has failed */
	struct list_head list;
};

#define HOOK_SET(functions, entry, what)				\
	{								\
		.hooks = functions,					\
		.nr = ARRAY_SIZE(functions),				\
		.trampoline = entry,					\
		.kind = what,						\
	}

/*
 * ftrace's call ends at most so many bytes into a function: an ENDBR may precede it.
 */
#define HOOK_CALL_END	16

void __cold hook_from_nowhere(unsigned long ip);

/**
 * hook_from() - find the hook whose function called a trampoline or a callback
 * @set: the set that the function is in
 * @ip: the address in the function that the call came from
 *
 * Context: any.
 * Return: the hook; NULL if no hook has @ip, which is logged the first time. Then
 * the caller does nothing.
 */
static inline struct hook *hook_from(const struct hook_set *set,
				     unsigned long ip)
{
	struct hook *hook;

	for (hook = set->hooks; hook < set->hooks + set->nr; hook++)
		if (ip - hook->addr <= HOOK_CALL_END)
			return hook;
	hook_from_nowhere(ip);
	return NULL;
}

/* Return: whether an address is inside a hooked function. */
static inline bool hook_covers(const struct hook *hook, unsigned long ip)
{
	return ip - hook->addr < hook->size;
}

/* Return: whether an address is inside a trampoline. */
static inline bool hook_is_in(const struct hook_trampoline *trampoline,
			      unsigned long ip)
{
	return ip - trampoline->start < trampoline->size;
}

void hook_exit(void);
int hook_place(struct hook_set *set);
void hook_remove(struct hook_set *set);
struct hook *hook_find(const struct hook_trampoline *trampoline,
		       unsigned long ip);
int hook_settle(unsigned int kinds, bool interruptible);
void hook_drain(void);

/* hook_entry.S: runs in place of a diverted function that is skipped. */
void hook_nothing(void);

#endif /* PMEM_PKS_HOOK_H */
