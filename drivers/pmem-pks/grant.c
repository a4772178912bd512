// SPDX-License-Identifier: GPL-2.0
/*
 * Grants: which keys the current context has open, and that PKRS follows.
 *
 * A thread's record (struct grant) hangs on the thread as a preempt notifier
 * from its first grant to the end of its last: the scheduler calls us when the
 * thread leaves a CPU (PKRS is closed there, before anybody else runs) and when
 * it comes back on one (its keys are opened). Nobody but the thread itself, and
 * the scheduler on its behalf, touches the record, and always with preemption
 * off: no lock. A forked child has no notifier, and so no grant.
 *
 * Interrupts neither sleep nor migrate: their grants are per CPU, one record a
 * level (softirq, hardirq, NMI), and end with PKRS as they found it.
 *
 * Records come from a per-CPU list that only threads use, with preemption off.
 * It is filled from the slab where a writer starts, which is never inside the
 * slab; a page fault, which may be, takes from the list alone.
 *
 * Every grant and scope in the system is counted in 'active', up on one CPU and
 * down on perhaps another, so that the sum is 0 exactly when no frame of a
 * wrapped function is left on any stack. The record of a thread that was killed
 * by an oops inside a writer is taken back on its last switch.
 */
#include <linux/cpu.h>
#include <linux/slab.h>
#include <linux/stop_machine.h>
#include <linux/wait_bit.h>

#include "internal.h"

/* Records kept on each CPU's list; more go back to the slab. */
#define FREE_MAX	16

struct grant {
	struct preempt_notifier notifier;
	struct grant_ctx ctx;
	struct grant *next;	/* on the free list */
};

enum irq_level { LEVEL_SOFTIRQ, LEVEL_HARDIRQ, LEVEL_NMI, LEVELS };

struct grant_cpu {
	struct grant *free;
	unsigned int nr_free;
	long active;
	u64 total;
	struct grant_ctx irq[LEVELS];
};

static DEFINE_PER_CPU(struct grant_cpu, grant_cpu);
static struct kmem_cache *grant_slab;
static bool draining;

static void grant_sched_in(struct preempt_notifier *notifier, int cpu);
static void grant_sched_out(struct preempt_notifier *notifier,
			    struct task_struct *next);

static struct preempt_ops grant_ops = {
	.sched_in = grant_sched_in,
	.sched_out = grant_sched_out,
};

static __always_inline struct grant *grant_find(void)
{
	struct preempt_notifier *notifier;

	hlist_for_each_entry(notifier, &current->preempt_notifiers, link)
		if (notifier->ops == &grant_ops)
			return container_of(notifier, struct grant, notifier);
	return NULL;
}

/* Preemption off. @refill: the slab may be asked. */
static struct grant *grant_create(bool refill)
{
	struct grant *g = __this_cpu_read(grant_cpu.free);

	if (likely(g)) {
		__this_cpu_write(grant_cpu.free, g->next);
		__this_cpu_dec(grant_cpu.nr_free);
	} else {
		if (refill)
			g = kmem_cache_zalloc(grant_slab,
					      GFP_NOWAIT | __GFP_NOWARN);
		if (!g)
			return NULL;
		preempt_notifier_init(&g->notifier, &grant_ops);
	}
	preempt_notifier_register(&g->notifier);
	return g;
}

/* Preemption off. The record is all zeroes by the way its users ended. */
static void grant_recycle(struct grant *g)
{
	g->next = __this_cpu_read(grant_cpu.free);
	__this_cpu_write(grant_cpu.free, g);
	__this_cpu_inc(grant_cpu.nr_free);
}

static void grant_destroy(struct grant *g)
{
	preempt_notifier_unregister(&g->notifier);
	if (unlikely(__this_cpu_read(grant_cpu.nr_free) >= FREE_MAX))
		kmem_cache_free(grant_slab, g);
	else
		grant_recycle(g);
}

static void grant_sched_in(struct preempt_notifier *notifier, int cpu)
{
	struct grant *g = container_of(notifier, struct grant, notifier);

	pks_write(READ_ONCE(pks_closed) & ~g->ctx.open);
}

/*
 * The runqueue's lock is held: no slab, no wake-up. A dead thread never comes
 * back to end its grants, nobody walks its notifiers again after this, and
 * the caller's walk needs only that ->link stays as it is.
 */
static void grant_sched_out(struct preempt_notifier *notifier,
			    struct task_struct *next)
{
	struct grant *g = container_of(notifier, struct grant, notifier);

	pks_write(READ_ONCE(pks_closed));
	if (unlikely(READ_ONCE(current->__state) == TASK_DEAD)) {
		__this_cpu_sub(grant_cpu.active, g->ctx.users);
		memset(&g->ctx, 0, sizeof(g->ctx));
		grant_recycle(g);
	}
}

static struct grant_ctx *grant_irq_ctx(void)
{
	enum irq_level level = in_nmi() ? LEVEL_NMI :
			       in_hardirq() ? LEVEL_HARDIRQ : LEVEL_SOFTIRQ;

	return this_cpu_ptr(&grant_cpu.irq[level]);
}

/* Preemption off. Return: NULL when there is no memory for a record. */
static __always_inline struct grant_ctx *grant_get(bool refill)
{
	struct grant_ctx *ctx;

	if (likely(in_task())) {
		struct grant *g = grant_find();

		if (!g) {
			g = grant_create(refill);
			if (unlikely(!g))
				return NULL;
		}
		ctx = &g->ctx;
		ctx->base = READ_ONCE(pks_closed);
	} else {
		ctx = grant_irq_ctx();
		if (!ctx->open)
			ctx->base = __this_cpu_read(pks_pkrs);
	}
	ctx->users++;
	__this_cpu_inc(grant_cpu.active);
	return ctx;
}

static __always_inline void grant_put(struct grant_ctx *ctx)
{
	__this_cpu_dec(grant_cpu.active);
	if (!--ctx->users && likely(in_task()))
		grant_destroy(container_of(ctx, struct grant, ctx));
	if (unlikely(READ_ONCE(draining)))
		wake_up_var(&draining);
}

static __always_inline void grant_open(struct grant_ctx *ctx, int key)
{
	if (ctx->depth[key]++)
		return;
	ctx->open |= PKRS_KEY_MASK(key);
	pks_write(ctx->base & ~ctx->open);
}

static __always_inline void grant_close(struct grant_ctx *ctx, int key)
{
	if (--ctx->depth[key])
		return;
	ctx->open &= ~PKRS_KEY_MASK(key);
	pks_write(ctx->base & ~ctx->open);
}

bool pks_grant(int key)
{
	struct grant_ctx *ctx;

	preempt_disable();
	ctx = grant_get(true);
	if (likely(ctx)) {
		grant_open(ctx, key);
		__this_cpu_inc(grant_cpu.total);
	}
	preempt_enable();
	return ctx;
}
EXPORT_SYMBOL_GPL(pks_grant);

/**
 * grant_ctx() - the record of the current context, if it has one
 *
 * Context: any, preemption off.
 */
struct grant_ctx *grant_ctx(void)
{
	struct grant *g;

	if (!in_task())
		return grant_irq_ctx();
	g = grant_find();
	return g ? &g->ctx : NULL;
}

void pks_revoke(int key)
{
	struct grant_ctx *ctx;

	preempt_disable();
	ctx = grant_ctx();
	grant_close(ctx, key);
	grant_put(ctx);
	preempt_enable();
}
EXPORT_SYMBOL_GPL(pks_revoke);

/**
 * grant_atomic() - a grant for the context that a fault interrupted
 * @key: the key
 *
 * Like pks_grant(), but safe wherever a kernel instruction can fault: it does
 * not go near the slab.
 *
 * Context: the page fault, interrupts off.
 * Return: the context's record, NULL when there is none to be had.
 */
struct grant_ctx *grant_atomic(int key)
{
	struct grant_ctx *ctx = grant_get(false);

	if (ctx)
		grant_open(ctx, key);
	return ctx;
}

/**
 * grant_atomic_end() - end a grant_atomic()
 * @ctx: what it returned
 * @key: the key
 *
 * Context: the debug exception, which is NMI-like: what the interrupted code
 * was is told by @ctx, not by preempt_count(). No slab, no wake-up.
 */
void grant_atomic_end(struct grant_ctx *ctx, int key)
{
	struct grant_cpu *cpu = this_cpu_ptr(&grant_cpu);

	grant_close(ctx, key);
	cpu->active--;
	if (--ctx->users)
		return;
	if (ctx < cpu->irq || ctx >= cpu->irq + LEVELS) {
		struct grant *g = container_of(ctx, struct grant, ctx);

		preempt_notifier_unregister(&g->notifier);
		grant_recycle(g);
	}
}

/**
 * grant_ctx_stepping() - whose single step ended on this CPU
 *
 * The innermost context runs first: a thread whose step is still to come was
 * interrupted if an interrupt's is under way.
 *
 * Context: the debug exception.
 * Return: the record with step_keys, or NULL.
 */
struct grant_ctx *grant_ctx_stepping(void)
{
	struct grant_ctx *irq = this_cpu_ptr(grant_cpu.irq);
	struct grant *g;
	int level;

	for (level = LEVELS - 1; level >= 0; level--)
		if (irq[level].step_keys)
			return &irq[level];
	g = grant_find();
	return g && g->ctx.step_keys ? &g->ctx : NULL;
}

/**
 * grant_scope_begin() - start a stretch in which keys may be granted on demand
 *
 * For the functions whose destination is not among their arguments: the keys
 * are opened by grant_scope_key() when they are known, and closed together.
 *
 * Context: a thread. Does not sleep.
 * Return: whether there was memory for the record.
 */
bool grant_scope_begin(void)
{
	struct grant_ctx *ctx = NULL;

	preempt_disable();
	if (in_task())
		ctx = grant_get(true);
	if (ctx)
		ctx->scopes++;
	preempt_enable();
	return ctx;
}

/**
 * grant_scope_end() - close what was granted since grant_scope_begin()
 */
void grant_scope_end(void)
{
	struct grant_ctx *ctx;
	int key;

	preempt_disable();
	ctx = grant_ctx();
	if (!--ctx->scopes) {
		for (key = 1; ctx->scope_keys; key++) {
			if (ctx->scope_keys & BIT(key)) {
				ctx->scope_keys &= ~BIT(key);
				grant_close(ctx, key);
			}
		}
	}
	grant_put(ctx);
	preempt_enable();
}

/**
 * grant_scope_key() - open a key until the context's scopes end
 * @ctx: the context, inside a scope
 * @key: the key
 *
 * Context: the page fault, interrupts off.
 */
void grant_scope_key(struct grant_ctx *ctx, int key)
{
	if (ctx->scope_keys & BIT(key))
		return;
	ctx->scope_keys |= BIT(key);
	grant_open(ctx, key);
	__this_cpu_inc(grant_cpu.total);
}

/**
 * grant_reload() - set PKRS to what the current context is to have
 *
 * After a change of pks_closed, and where the hardware is not as it should be.
 *
 * Context: any, preemption off.
 */
void grant_reload(void)
{
	struct grant *g = grant_find();
	u32 open = g ? g->ctx.open : 0;
	struct grant_ctx *irq = this_cpu_ptr(grant_cpu.irq);
	int level;

	for (level = 0; level < LEVELS; level++)
		open |= irq[level].open;
	/* Whatever the mirror says: the hardware may differ. */
	__this_cpu_write(pks_pkrs, ~0);
	pks_write(READ_ONCE(pks_closed) & ~open);
}

static int grant_reload_cpu(void *unused)
{
	grant_reload();
	return 0;
}

/**
 * grant_close_everywhere() - undo pks_open_everywhere()
 * @key: the key
 *
 * The machine is stopped for it, so that no thread is between its reading of
 * pks_closed and its write of PKRS. It is rare.
 *
 * Context: process context, sleeps.
 */
void grant_close_everywhere(int key)
{
	if (pks_close(key))
		stop_machine(grant_reload_cpu, NULL, cpu_online_mask);
}

/**
 * grant_total() - grants since load, of all CPUs, nested ones included
 */
u64 grant_total(void)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(grant_cpu.total, cpu));
	return sum;
}

static bool grant_idle(void)
{
	long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(grant_cpu.active, cpu));
	return !sum;
}

/**
 * grant_drain() - wait until no grant and no scope is left
 *
 * Nothing may start a new one any more. 'active' then only falls, so that a sum
 * of 0 is true even if it is not read at one instant. The timeout is for the
 * ends that can't wake anybody: a thread's death, and a single step's.
 *
 * Context: process context, sleeps until the last writer has returned.
 */
void grant_drain(void)
{
	WRITE_ONCE(draining, true);
	while (!wait_var_event_timeout(&draining, grant_idle(), HZ / 10))
		;
}

static void grant_free_records(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct grant_cpu *gc = per_cpu_ptr(&grant_cpu, cpu);

		while (gc->free) {
			struct grant *g = gc->free;

			gc->free = g->next;
			kmem_cache_free(grant_slab, g);
		}
	}
}

int __init grant_init(void)
{
	int cpu, i;

	grant_slab = kmem_cache_create("pmem_pks_grant", sizeof(struct grant),
				       0, SLAB_HWCACHE_ALIGN, NULL);
	if (!grant_slab)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		struct grant_cpu *gc = per_cpu_ptr(&grant_cpu, cpu);

		for (i = 0; i < FREE_MAX / 2; i++) {
			struct grant *g = kmem_cache_zalloc(grant_slab,
							    GFP_KERNEL);

			if (!g)
				goto free_records;
			preempt_notifier_init(&g->notifier, &grant_ops);
			g->next = gc->free;
			gc->free = g;
			gc->nr_free++;
		}
	}
	preempt_notifier_inc();
	return 0;

free_records:
	grant_free_records();
	kmem_cache_destroy(grant_slab);
	return -ENOMEM;
}

/* After grant_drain(). */
void grant_exit(void)
{
	preempt_notifier_dec();
	grant_free_records();
	kmem_cache_destroy(grant_slab);
}
