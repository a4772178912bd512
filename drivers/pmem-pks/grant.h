/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What each context has open: see grant.c. The hot paths are inline.
 */
#ifndef PMEM_PKS_GRANT_H
#define PMEM_PKS_GRANT_H

#include <linux/build_bug.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/tracepoint-defs.h>
#include <linux/types.h>
#include <linux/pmem_pks.h>

#include "pks.h"

struct pt_regs;
struct task_struct;

#define GRANT_SPANS	4	/* maps over a domain's edge at a time */
/* Set in a key's depth: pmem_pks_window has this key, and counts its own maps. */
#define GRANT_WINDOW	0x80000000
/* Depth of a CPU's context stack: the thread plus nested interrupts. */
#define GRANT_LEVELS	8

/* A map that granted more than one key. */
struct grant_span {
	unsigned long start;
	u32 keys;		/* bit per key; 0: not in use */
	unsigned int above;	/* newer maps that begin in the same page */
};

/* The rights of one context: a thread, or an interrupt on one CPU. */
struct grant_ctx {
	u32 open;		/* bits that the grants clear in PKRS */
	u32 scope_keys;		/* bit per key that grant_scope_key() opened */
	/*
	 * Number of open grants of each key. If it is not 0 after grant_close() has
	 * decremented it, that calls grant_close_nested(). GRANT_WINDOW, and the
	 * extra count of each span, make sure that it does.
	 */
	unsigned int depth[PKS_NR_KEYS];
	unsigned int scopes;	/* nesting of grant_scope_begin() */
	unsigned int spans;	/* entries of span[] in use */
	struct grant_span span[GRANT_SPANS];
	/* The instruction that is single-stepped, if step_keys is not 0. */
	u32 step_keys;		/* bit per key that is open for it */
	bool step_tf;		/* EFLAGS.TF was set before the step */
	bool step_once;		/* only one repetition is stepped */
	unsigned long step_ip;
	int brief_key;		/* of grant_brief_open(), or 0 */
	/*
	 * Where the context is saved when its thread leaves the CPU: in the frame
	 * of the outermost writer's trampoline. NULL: no writer is active.
	 */
	struct grant *record;
	/* Saved values, while this is not the top context of a CPU. */
	unsigned int busy;
	struct pmem_pks_window window;
	unsigned int tag;	/* see grant_push() */
};

/*
 * The saved context of a thread that is off the CPU, or that handles a page fault.
 * It is linked into the thread's list of preempt notifiers.
 */
struct grant {
	struct preempt_notifier notifier;	/* only its link is used */
	struct grant_ctx ctx;
	/*
	 * The page fault that it is put aside for; NULL: the thread is off the CPU.
	 */
	struct pt_regs *fault;
	bool reserve;		/* from a CPU's reserve, not in a stack frame */
	struct grant *next;	/* next free record of a reserve */
};

/* A trampoline's frame consists of whole words. */
static_assert(sizeof(struct grant) % sizeof(long) == 0);

struct grant_cpu {
	struct grant_ctx *top;
	u64 total;		/* keys opened for a context, since load */
	struct grant_ctx ctx[GRANT_LEVELS];
};

/*
 * grant_busy counts the grants, nested ones included, and the scopes of the top
 * context. grant_level is that context's index.
 */
DECLARE_PER_CPU(unsigned int, grant_busy);
DECLARE_PER_CPU(unsigned int, grant_level);
DECLARE_PER_CPU(struct grant_cpu, grant_cpu);
extern bool grant_starve;	/* KUnit: the reserves give no record */

int grant_init(void (*on_fail_open)(int key));
void grant_exit(void);
void grant_drain(void);
void grant_open_inner(unsigned int key, u32 mask, struct grant *record);
void grant_close_inner(unsigned int key, u32 mask, struct grant *record);
bool grant_close_rest(int key);
void grant_close_nested(int key, unsigned long addr);
/* Return: whether the top context has a map over a domain's edge. */
static __always_inline bool grant_has_spans(void)
{
	return unlikely(__this_cpu_read(grant_cpu.top)->spans);
}

void grant_drop_window(void);
void grant_nest_span(unsigned long addr);
void grant_open_span(unsigned long start, u32 keys);
bool grant_close_span(unsigned long addr);
void grant_scope_begin(struct grant *record);
void grant_scope_end(struct grant *record);
bool grant_in_scope(void);
void grant_scope_key(int key);
bool grant_covers(int key);
void grant_step(int key, struct pt_regs *regs, bool once);
bool grant_step_done(struct pt_regs *regs);
void grant_fail_open(int key);
bool grant_brief_open(int key);
void grant_brief_close(void);
bool grant_push(unsigned int tag);
void grant_pop(unsigned int tag);
bool grant_put_aside(struct pt_regs *fault);
void grant_take_back(struct pt_regs *fault);
void grant_switch(const unsigned long *args, unsigned long ip);
void grant_reload(void);
void grant_reload_everywhere(void);
int grant_close_everywhere(int key);
bool grant_is_lost(int key);
bool grant_is_held(int key);
u64 grant_total(void);
u64 grant_fail_open_total(void);

/* Tracepoints of trace.h. A header may only declare them. */
DECLARE_TRACEPOINT(pmem_pks_grant);
DECLARE_TRACEPOINT(pmem_pks_revoke);

/*
 * End a grant_brief_open(). An interrupt may do so in the middle of a change of the
 * context. So this touches nothing but the brief grant itself. Preemption off.
 */
static __always_inline void grant_brief_end(void)
{
	if (unlikely(__this_cpu_read(grant_cpu.ctx[0].brief_key)))
		grant_brief_close();
}

/* Write PKRS as a context needs it. */
static __always_inline void grant_write(const struct grant_ctx *ctx)
{
	pks_write(READ_ONCE(pks_closed) & ~ctx->open);
}

/**
 * grant_open() - grant a key to the current context
 * @key: an allocated key
 * @mask: PKRS_KEY_MASK() of the key
 *
 * Context: any but NMI, preemption off.
 * Return: whether the context had the key open already.
 */
static __always_inline bool grant_open(unsigned int key, u32 mask)
{
	struct grant_ctx *ctx;

	__this_cpu_inc(grant_busy);
	barrier();
	grant_brief_end();
	ctx = __this_cpu_read(grant_cpu.top);
	ctx->depth[key]++;
	if (unlikely(ctx->open & mask))
		return true;
	ctx->open |= mask;
	grant_write(ctx);
	__this_cpu_inc(grant_cpu.total);
	if (tracepoint_enabled(pmem_pks_grant))
		trace_key_granted(key);
	return false;
}

/**
 * grant_close() - end a grant_open()
 * @key: the key
 * @mask: PKRS_KEY_MASK() of the key
 * @addr: the address of a map; 0 otherwise
 *
 * Context: the context that called grant_open(), preemption off.
 * Return: false, and nothing is changed, if the context has no grant of the key.
 */
static __always_inline bool grant_close(unsigned int key, u32 mask,
					unsigned long addr)
{
	struct grant_ctx *ctx = __this_cpu_read(grant_cpu.top);

	if (unlikely(!(ctx->open & mask)))
		return grant_close_rest(key);
	if (unlikely(--ctx->depth[key])) {
		grant_close_nested(key, addr);
		return true;
	}
	ctx->open &= ~mask;
	grant_write(ctx);
	barrier();
	__this_cpu_dec(grant_busy);
	if (tracepoint_enabled(pmem_pks_revoke))
		trace_key_revoked(key);
	return true;
}

/**
 * grant_open_window() - grant a key, and make its domain the context's window
 * @key: an allocated key
 * @mask: PKRS_KEY_MASK() of the key
 * @start: the domain's first address
 * @end: the address after its last byte
 *
 * A further map in the window only counts: see pmem_pks_begin().
 *
 * Context: any but NMI, preemption off.
 * Return: false, and nothing is changed, if the context has a key open.
 */
static __always_inline bool grant_open_window(unsigned int key, u32 mask,
					      unsigned long start,
					      unsigned long end)
{
	struct grant_ctx *ctx;

	__this_cpu_inc(grant_busy);
	barrier();
	ctx = __this_cpu_read(grant_cpu.top);
	if (unlikely(ctx->open)) {
		__this_cpu_dec(grant_busy);
		return false;
	}
	ctx->open = mask;
	ctx->depth[key] = GRANT_WINDOW;
	__this_cpu_write(pmem_pks_window.start, start);
	__this_cpu_write(pmem_pks_window.size, end - start);
	__this_cpu_write(pmem_pks_window.key, key);
	__this_cpu_write(pmem_pks_window.others, ~mask);
	pks_write(READ_ONCE(pks_closed) & ~mask);
	__this_cpu_inc(grant_cpu.total);
	if (tracepoint_enabled(pmem_pks_grant))
		trace_key_granted(key);
	return true;
}

/**
 * grant_close_window() - end a grant_open_window()
 *
 * Context: the context that called it, preemption off, no nested map in the window.
 * Return: false, and nothing is changed, if the context has other grants of the
 * key, or no window.
 */
static __always_inline bool grant_close_window(void)
{
	struct grant_ctx *ctx = __this_cpu_read(grant_cpu.top);
	unsigned int key = __this_cpu_read(pmem_pks_window.key);
	u32 open;

	if (unlikely(ctx->depth[key] != GRANT_WINDOW))
		return false;
	ctx->depth[key] = 0;
	open = ctx->open & __this_cpu_read(pmem_pks_window.others);
	ctx->open = open;
	__this_cpu_write(pmem_pks_window.size, 0);
	pks_write(READ_ONCE(pks_closed) & ~open);
	barrier();
	__this_cpu_dec(grant_busy);
	if (tracepoint_enabled(pmem_pks_revoke))
		trace_key_revoked(key);
	return true;
}

/**
 * grant_open_writer() - grant a key to a wrapped writer
 * @key: an allocated key
 * @mask: PKRS_KEY_MASK() of the key
 * @record: room for a record in the trampoline's frame, until grant_close_writer()
 *
 * Context: any but NMI, preemption off.
 */
static __always_inline void grant_open_writer(unsigned int key, u32 mask,
					      struct grant *record)
{
	struct grant_ctx *ctx;

	if (unlikely(__this_cpu_read(grant_busy))) {
		grant_open_inner(key, mask, record);
		return;
	}
	__this_cpu_write(grant_busy, 1);
	barrier();
	ctx = __this_cpu_read(grant_cpu.top);
	ctx->depth[key] = 1;
	ctx->open = mask;
	ctx->record = record;
	pks_write(READ_ONCE(pks_closed) & ~mask);
	__this_cpu_inc(grant_cpu.total);
	if (tracepoint_enabled(pmem_pks_grant))
		trace_key_granted(key);
}

/**
 * grant_close_writer() - end a grant_open_writer()
 * @key: the key
 * @mask: PKRS_KEY_MASK() of the key
 * @record: the one passed to grant_open_writer()
 *
 * Context: the context that called grant_open_writer(), preemption off.
 */
static __always_inline void grant_close_writer(unsigned int key, u32 mask,
					       struct grant *record)
{
	struct grant_ctx *ctx = __this_cpu_read(grant_cpu.top);

	if (unlikely(__this_cpu_read(grant_busy) != 1 || ctx->open != mask)) {
		grant_close_inner(key, mask, record);
		return;
	}
	ctx->depth[key] = 0;
	ctx->open = 0;
	ctx->record = NULL;
	pks_write(READ_ONCE(pks_closed));
	barrier();
	__this_cpu_write(grant_busy, 0);
	if (tracepoint_enabled(pmem_pks_revoke))
		trace_key_revoked(key);
}

/* grant_open() and grant_close() for code where speed does not matter. */
static inline void grant_open_slowly(int key)
{
	grant_open(key, PKRS_KEY_MASK(key));
}

static inline bool grant_close_slowly(int key)
{
	return grant_close(key, PKRS_KEY_MASK(key), 0);
}

#endif /* PMEM_PKS_GRANT_H */
