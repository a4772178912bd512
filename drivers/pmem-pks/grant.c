// SPDX-License-Identifier: GPL-2.0
/*
 * Grants: the keys that the current context has open, and PKRS to match.
 *
 * Each CPU has a stack of contexts (struct grant_ctx). The lowest belongs to the
 * running thread. If an interrupt or softirq arrives while the top context has a
 * key open, shield.c pushes a new, closed context for it. A grant is a count in
 * the top context, changed with preemption off. It takes no lock, and touches
 * nothing that another CPU reads.
 *
 * 'grant_busy' protects a change from the interrupt that comes in the middle of it.
 * It counts what is open in the top context. It goes up before anything else
 * changes and down after everything else, and shield.c tests it. So an interrupt
 * finds nothing open and nothing half changed, or it gets a context of its own.
 * When the interrupt ends, PKRS is computed again from 'open' of the interrupted
 * context. A change writes 'open' before PKRS. An NMI takes no grant.
 *
 * When a thread leaves the CPU with a key open, its context is moved to a record
 * (struct grant) in the thread's list of preempt notifiers. That list is empty in
 * a new thread. When the thread is on a CPU again, the context is moved back
 * unchanged. The same is done while a page fault is handled, as its handler starts
 * with no key open: shield.c says where that begins and ends.
 *
 * A wrapped writer has room for its record in its trampoline's frame, on its own
 * stack, for as long as its grant lasts. So no number of writers, asleep or not,
 * can use up the records. A map and pks_grant() have no frame. Their records come
 * from a reserve of the CPU. When less than half of it is left, the CPU refills it
 * in an interrupt of its own, which comes before the next context switch. The
 * reserve runs empty only if GFP_ATOMIC allocations go on failing. Then the keys of
 * the context are opened for all contexts, and what the thread lost is noted, so
 * that its later revocations are recognized.
 */
#include <linux/irq_work.h>
#include <linux/kdebug.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/stop_machine.h>

#include "internal.h"

/* Free records in a CPU's full reserve. */
#define RESERVE		16
/* The most threads whose lost grants are noted one by one. */
#define NR_LOST		64

DEFINE_PER_CPU(unsigned int, grant_busy);
DEFINE_PER_CPU(unsigned int, grant_level);
DEFINE_PER_CPU(struct grant_cpu, grant_cpu);
DEFINE_PER_CPU(struct pmem_pks_window, pmem_pks_window);
EXPORT_PER_CPU_SYMBOL_GPL(pmem_pks_window);

/*
 * Free records of a CPU. Accessed with interrupts off. A record moves to another
 * CPU with its thread, and goes to the reserve of the CPU where it is given back.
 */
struct reserve {
	struct grant *free;
	unsigned int nr;
	struct irq_work refill;
};

static DEFINE_PER_CPU(struct reserve, reserve);

/*
 * Grants that a thread lost as there was no record, and has not revoked yet. If a
 * thread finds no entry here, nothing tells when its grants end. Then their keys
 * are in lost_for_good, and stay open until the module is loaded again.
 */
struct lost {
	struct task_struct *task;
	unsigned int depth[PKS_NR_KEYS];	/* of key 0: its scopes */
};

static struct lost lost[NR_LOST];
static u32 lost_for_good;
/* Held with interrupts off. Its holder writes to no protected page. */
static DEFINE_RAW_SPINLOCK(lost_lock);

static atomic64_t fail_opens;
static void (*fail_open)(int key);

#if IS_ENABLED(CONFIG_PMEM_PKS_KUNIT_TEST)
bool grant_starve;

static bool grant_starved(void)
{
	return READ_ONCE(grant_starve);
}
#else
static bool grant_starved(void)
{
	return false;
}
#endif

/*
 * The kernel calls these while another user, such as KVM, has enabled preempt
 * notifiers. The records need only the list: shield.c hooks all context switches.
 */
static void grant_no_sched_in(struct preempt_notifier *notifier, int cpu)
{
}

static void grant_no_sched_out(struct preempt_notifier *notifier,
			       struct task_struct *next)
{
}

static struct preempt_ops grant_ops = {
	.sched_in = grant_no_sched_in,
	.sched_out = grant_no_sched_out,
};

static struct grant *grant_new(gfp_t gfp)
{
	struct grant *g = kzalloc(sizeof(*g), gfp | __GFP_NOWARN);

	if (g)
		g->reserve = true;
	return g;
}

/* Runs in a hard interrupt, on the CPU whose reserve it is. */
static void grant_refill(struct irq_work *work)
{
	struct reserve *r = container_of(work, struct reserve, refill);
	struct grant *g;

	for (; r->nr < RESERVE && !grant_starved(); r->nr++) {
		g = grant_new(GFP_ATOMIC);
		if (!g)
			break;
		g->next = r->free;
		r->free = g;
	}
	/* Threads that came from other CPUs gave their records back here. */
	for (; r->nr > 2 * RESERVE; r->nr--) {
		g = r->free;
		r->free = g->next;
		kfree(g);
	}
}

static struct grant *grant_take(void)
{
	struct reserve *r;
	struct grant *g;
	unsigned long flags;

	local_irq_save(flags);
	r = this_cpu_ptr(&reserve);
	g = grant_starved() ? NULL : r->free;
	if (g) {
		r->free = g->next;
		r->nr--;
	}
	if (r->nr < RESERVE / 2)
		irq_work_queue(&r->refill);
	local_irq_restore(flags);
	return g;
}

static void grant_give_back(struct grant *g)
{
	struct reserve *r;
	unsigned long flags;

	if (!g->reserve)
		return;
	local_irq_save(flags);
	r = this_cpu_ptr(&reserve);
	g->next = r->free;
	r->free = g;
	if (++r->nr > 2 * RESERVE)
		irq_work_queue(&r->refill);
	local_irq_restore(flags);
}

/* Return: the newest record of a thread, or NULL. */
static struct grant *grant_of(struct task_struct *task)
{
	struct preempt_notifier *notifier;

	hlist_for_each_entry(notifier, &task->preempt_notifiers, link)
		if (notifier->ops == &grant_ops)
			return container_of(notifier, struct grant, notifier);
	return NULL;
}

/**
 * grant_drop_window() - turn the maps that the window counts into ordinary grants
 *
 * Context: preemption off.
 */
void grant_drop_window(void)
{
	struct pmem_pks_window *window = this_cpu_ptr(&pmem_pks_window);
	struct grant_ctx *ctx = __this_cpu_read(grant_cpu.top);

	if (!window->size)
		return;
	__this_cpu_add(grant_busy, window->nested);
	barrier();
	ctx->depth[window->key] += 1 + window->nested - GRANT_WINDOW;
	memset(window, 0, sizeof(*window));
}

static void grant_open_for_all(int key)
{
	pks_open_everywhere(key);
	atomic64_inc(&fail_opens);
	fail_open(key);
}

/**
 * grant_fail_open() - open a key for all contexts, and on this CPU at once
 * @key: the key
 *
 * For an access that can neither be performed nor single-stepped (step.c).
 *
 * Context: any, NMI included.
 */
void grant_fail_open(int key)
{
	if (!pks_is_open(key))
		grant_open_for_all(key);
	pks_write(pks_read() & ~PKRS_KEY_MASK(key));
}

/**
 * grant_brief_open() - open a key for the thread until the next interruption
 * @key: the key
 *
 * The grant ends for good at the next interrupt or softirq of the CPU, when the
 * thread leaves the CPU, when a page fault of the thread is handled, and when the
 * thread gets another grant by grant_open().
 *
 * Context: the page fault of a thread, interrupts off.
 * Return: false, and nothing is changed, if the thread has a key open.
 */
bool grant_brief_open(int key)
{
	if (__this_cpu_read(grant_level) || __this_cpu_read(grant_busy))
		return false;
	grant_open_slowly(key);
	__this_cpu_write(grant_cpu.ctx[0].brief_key, key);
	return true;
}

/**
 * grant_brief_close() - end a grant_brief_open(), if there is one
 *
 * Context: preemption off.
 */
noinline void grant_brief_close(void)
{
	/* An interrupt may have closed it meanwhile. */
	int key = this_cpu_xchg(grant_cpu.ctx[0].brief_key, 0);

	if (key)
		grant_close_slowly(key);
}

/*
 * Return: the entry of a thread; if it has none and @new is set, a new one; or NULL.
 */
static struct lost *lost_of(struct task_struct *task, bool new)
{
	struct lost *l, *free = NULL;

	lockdep_assert_held(&lost_lock);
	for (l = lost; l < lost + NR_LOST; l++) {
		if (l->task == task)
			return l;
		if (!l->task && !free)
			free = l;
	}
	if (!new || !free)
		return NULL;
	free->task = get_task_struct(task);
	return free;
}

/*
 * Free an entry if nothing is left in it. Return: then the thread, whose reference
 * the caller puts; else NULL.
 */
static struct task_struct *lost_end(struct lost *l)
{
	struct task_struct *task = l->task;

	lockdep_assert_held(&lost_lock);
	if (memchr_inv(l->depth, 0, sizeof(l->depth)))
		return NULL;
	l->task = NULL;
	return task;
}

/* @depth: number of lost grants of each key, as in struct lost */
static noinline void grant_lose_these(struct task_struct *task,
				      const unsigned int *depth)
{
	unsigned long flags;
	struct lost *l;
	int key;

	lockdep_assert_preemption_disabled();
	if (!memchr_inv(depth, 0, PKS_NR_KEYS * sizeof(*depth)))
		return;
	raw_spin_lock_irqsave(&lost_lock, flags);
	l = lost_of(task, true);
	for (key = 0; key < PKS_NR_KEYS; key++) {
		if (l)
			l->depth[key] += depth[key];
		else if (depth[key])
			lost_for_good |= BIT(key);
	}
	raw_spin_unlock_irqrestore(&lost_lock, flags);
	/*
	 * After the note: grant_close_everywhere() closes, then checks the losses.
	 */
	for_each_key(key)
		if (depth[key])
			grant_open_for_all(key);
}

static void grant_lose(struct task_struct *task, struct grant_ctx *ctx,
		       struct pt_regs *fault)
{
	int key, i;

	grant_drop_window();
	/*
	 * A stepped instruction faults again after this, and is let through again.
	 */
	if (fault && ctx->step_keys) {
		if (!ctx->step_tf)
			fault->flags &= ~X86_EFLAGS_TF;
		for_each_key(key)
			if (ctx->step_keys & BIT(key))
				ctx->depth[key]--;
	}
	for (i = 0; i < GRANT_SPANS; i++)
		for_each_key(key)
			if (ctx->span[i].keys & BIT(key))
				ctx->depth[key]--;
	ctx->depth[0] = ctx->scopes;
	grant_lose_these(task, ctx->depth);
}

/* Empty the thread's context, and close PKRS. Preemption off. */
static void grant_clear(void)
{
	memset(this_cpu_ptr(&grant_cpu.ctx[0]), 0, sizeof(struct grant_ctx));
	memset(this_cpu_ptr(&pmem_pks_window), 0,
	       sizeof(struct pmem_pks_window));
	/* PKRS first: an NMI that finds grant_busy 0 takes PKRS to be closed. */
	pks_write(READ_ONCE(pks_closed));
	barrier();
	__this_cpu_write(grant_busy, 0);
}

/*
 * Save the thread's context in a record, and go on with no key open. Preemption off.
 * @task: the owner: the thread that runs, or that has just left the CPU
 */
static void grant_suspend(struct task_struct *task, struct pt_regs *fault)
{
	struct grant_ctx *ctx = this_cpu_ptr(&grant_cpu.ctx[0]);
	struct grant *g = ctx->record;

	/* It was killed inside a writer, and will not revoke its grants. */
	if (READ_ONCE(task->__state) == TASK_DEAD) {
		grant_clear();
		return;
	}
	if (g)
		g->reserve = false;
	else
		g = grant_take();
	if (likely(g)) {
		ctx->busy = __this_cpu_read(grant_busy);
		ctx->window = *this_cpu_ptr(&pmem_pks_window);
		g->ctx = *ctx;
		g->fault = fault;
		preempt_notifier_init(&g->notifier, &grant_ops);
		/*
		 * preempt_notifier_register() does the same, but also needs a
		 * static key that makes every context switch in the system slower.
		 */
		hlist_add_head(&g->notifier.link, &task->preempt_notifiers);
	} else {
		grant_lose(task, ctx, fault);
	}
	grant_clear();
}

/* Move a record back into the running thread's empty context. Preemption off. */
static void grant_resume(struct grant *g)
{
	struct grant_ctx *ctx = this_cpu_ptr(&grant_cpu.ctx[0]);

	__this_cpu_write(grant_busy, g->ctx.busy);
	barrier();
	*ctx = g->ctx;
	*this_cpu_ptr(&pmem_pks_window) = g->ctx.window;
	grant_write(ctx);
	hlist_del(&g->notifier.link);
	grant_give_back(g);
}

/**
 * grant_open_inner() - grant_open_writer() in a context that has a key open
 * @key: as there
 * @mask: as there
 * @record: as there
 *
 * Context: as there.
 */
noinline void grant_open_inner(unsigned int key, u32 mask, struct grant *record)
{
	struct grant_ctx *ctx = __this_cpu_read(grant_cpu.top);

	if (!ctx->record)
		ctx->record = record;
	grant_open(key, mask);
}

/* The frame that holds @record is about to go. */
static void grant_end_record(const struct grant *record)
{
	struct grant_ctx *ctx = __this_cpu_read(grant_cpu.top);

	if (ctx->record == record)
		ctx->record = NULL;
}

/**
 * grant_close_inner() - grant_close_writer() in a context with other grants
 * @key: as there
 * @mask: as there
 * @record: as there
 *
 * Context: as there.
 */
noinline void grant_close_inner(unsigned int key, u32 mask,
				struct grant *record)
{
	grant_end_record(record);
	grant_close(key, mask, 0);
}

/**
 * grant_close_rest() - end a grant that the context does not have
 * @key: the key; 0: a scope
 *
 * The running thread may have lost it for want of a record.
 *
 * Context: as grant_close().
 * Return: whether the thread had lost it.
 */
noinline bool grant_close_rest(int key)
{
	struct task_struct *done = NULL;
	unsigned long flags;
	struct lost *l;
	bool was;

	raw_spin_lock_irqsave(&lost_lock, flags);
	l = lost_of(current, false);
	was = l && l->depth[key];
	if (was) {
		l->depth[key]--;
		done = lost_end(l);
	} else {
		was = lost_for_good & BIT(key);
	}
	raw_spin_unlock_irqrestore(&lost_lock, flags);
	if (done)
		put_task_struct(done);
	return was;
}

/* The context has no free entry for one more map over a domain's edge. */
static noinline void grant_lose_span(u32 keys)
{
	unsigned int depth[PKS_NR_KEYS] = {};
	int key;

	for_each_key(key)
		depth[key] = !!(keys & BIT(key));
	grant_lose_these(current, depth);
}

/* Note a map over a domain's edge. @ctx has its keys open. */
static void grant_add_span(struct grant_ctx *ctx, const struct grant_span *span)
{
	int i, key;

	for (i = 0; i < GRANT_SPANS; i++) {
		if (ctx->span[i].keys)
			continue;
		ctx->span[i] = *span;
		ctx->spans++;
		/* So the end of each map calls grant_close_nested(). */
		for_each_key(key)
			if (span->keys & BIT(key))
				ctx->depth[key]++;
		return;
	}
	grant_lose_span(span->keys);
}

/**
 * grant_open_span() - grant several keys to one map
 * @start: the first address of the map, page-aligned
 * @keys: bit per key
 *
 * Context: any but NMI, preemption off.
 */
void grant_open_span(unsigned long start, u32 keys)
{
	struct grant_span span = { .start = start, .keys = keys };
	struct grant_ctx *ctx;
	int key;

	for_each_key(key)
		if (keys & BIT(key))
			grant_open_slowly(key);
	ctx = __this_cpu_read(grant_cpu.top);
	/* From now on the end of each map has to be matched with its begin. */
	grant_drop_window();
	grant_add_span(ctx, &span);
}

static struct grant_span *grant_find_span(unsigned long addr)
{
	struct grant_ctx *ctx = __this_cpu_read(grant_cpu.top);
	int i;

	/* The highest entry first. */
	for (i = GRANT_SPANS - 1; i >= 0; i--)
		if (ctx->span[i].keys &&
		    ctx->span[i].start == (addr & PAGE_MASK))
			return &ctx->span[i];
	return NULL;
}

/**
 * grant_nest_span() - note a map that may begin in the first page of a span
 * @addr: the map's address
 *
 * Context: preemption off.
 */
void grant_nest_span(unsigned long addr)
{
	struct grant_span *span = grant_find_span(addr);

	if (span)
		span->above++;
}

/**
 * grant_close_span() - end a grant_open_span()
 * @addr: an address in the span's first page
 *
 * Maps that begin in one page end in reverse order: the newest first.
 *
 * Context: the context that called grant_open_span(), preemption off.
 * Return: false if the context's newest map that begins in that page is no span.
 */
bool grant_close_span(unsigned long addr)
{
	struct grant_ctx *ctx = __this_cpu_read(grant_cpu.top);
	struct grant_span *span = grant_find_span(addr);
	u32 keys;
	int key;

	if (!span)
		return false;
	if (span->above) {
		span->above--;
		return false;
	}
	keys = span->keys;
	span->keys = 0;
	ctx->spans--;
	for_each_key(key) {
		if (!(keys & BIT(key)))
			continue;
		ctx->depth[key]--;
		grant_close_slowly(key);
	}
	return true;
}

/**
 * grant_close_nested() - the rest of a grant_close() that leaves the key open
 * @key: the key; grant_close() has decremented its depth
 * @addr: the address of a map; 0 otherwise
 *
 * Context: as grant_close().
 */
noinline void grant_close_nested(int key, unsigned long addr)
{
	struct grant_ctx *ctx = __this_cpu_read(grant_cpu.top);

	if (unlikely(ctx->spans)) {
		ctx->depth[key]++;
		if (grant_close_span(addr))
			return;
		ctx->depth[key]--;
	}
	barrier();
	__this_cpu_dec(grant_busy);
}

/**
 * grant_scope_begin() - begin a scope, in which keys are granted on demand
 * @record: room for a record in the trampoline's frame, until grant_scope_end();
 *	    or NULL
 *
 * For functions whose destination is not among their arguments: grant_scope_key()
 * opens a key when the destination is known, and grant_scope_end() closes them all.
 *
 * Context: any but NMI.
 */
void grant_scope_begin(struct grant *record)
{
	struct grant_ctx *ctx;

	preempt_disable();
	__this_cpu_inc(grant_busy);
	barrier();
	ctx = __this_cpu_read(grant_cpu.top);
	if (!ctx->record)
		ctx->record = record;
	ctx->scopes++;
	preempt_enable();
}

/**
 * grant_scope_end() - end a scope; the outermost closes the keys opened on demand
 * @record: the one passed to grant_scope_begin()
 *
 * Context: the context that called grant_scope_begin().
 */
void grant_scope_end(struct grant *record)
{
	struct grant_ctx *ctx;
	int key;

	preempt_disable();
	ctx = __this_cpu_read(grant_cpu.top);
	grant_end_record(record);
	if (unlikely(!ctx->scopes)) {
		grant_close_rest(0);
		goto out;
	}
	if (!--ctx->scopes) {
		for (key = 1; ctx->scope_keys; key++) {
			if (ctx->scope_keys & BIT(key)) {
				ctx->scope_keys &= ~BIT(key);
				grant_close_slowly(key);
			}
		}
	}
	barrier();
	__this_cpu_dec(grant_busy);
out:
	preempt_enable();
}

/**
 * grant_in_scope() - check whether the current context is in a scope
 *
 * Context: the page fault.
 * Return: whether it is.
 */
bool grant_in_scope(void)
{
	return __this_cpu_read(grant_cpu.top)->scopes;
}

/**
 * grant_scope_key() - open a key until the context's scopes end
 * @key: the key
 *
 * Context: the page fault, in a scope.
 */
void grant_scope_key(int key)
{
	struct grant_ctx *ctx = __this_cpu_read(grant_cpu.top);

	if (ctx->scope_keys & BIT(key))
		return;
	ctx->scope_keys |= BIT(key);
	grant_open_slowly(key);
}

/**
 * grant_covers() - check whether the context of a denied access has the grant
 * @key: the key of the page
 *
 * It may, where PKRS is behind: the key was opened for all contexts meanwhile, or
 * grant_open() has counted the key and not written PKRS yet.
 *
 * Context: the page fault.
 * Return: whether it has. Then PKRS is up to date, and the access may be repeated.
 */
bool grant_covers(int key)
{
	/* An NMI has no grant, even if the code that it interrupted has. */
	if (in_nmi())
		return false;
	if (!__this_cpu_read(grant_cpu.top)->depth[key] &&
	    READ_ONCE(pks_closed) & PKRS_KEY_MASK(key))
		return false;
	grant_reload();
	return true;
}

/**
 * grant_step() - grant a key for one instruction
 * @key: the key
 * @regs: the registers before the instruction
 * @once: if it is a repeated string instruction, for one repetition only
 *
 * Context: the page fault, not of an NMI.
 */
void grant_step(int key, struct pt_regs *regs, bool once)
{
	struct grant_ctx *ctx;

	grant_open_slowly(key);
	ctx = __this_cpu_read(grant_cpu.top);
	/* An instruction that uses two domains comes here twice. */
	if (!ctx->step_keys) {
		ctx->step_tf = regs->flags & X86_EFLAGS_TF;
		ctx->step_ip = regs->ip;
		ctx->step_once = false;
	}
	ctx->step_once |= once;
	ctx->step_keys |= BIT(key);
	regs->flags |= X86_EFLAGS_TF;
}

static struct grant_ctx *grant_stepping(void)
{
	struct grant_ctx *ctx = __this_cpu_read(grant_cpu.top);

	return ctx->step_keys ? ctx : NULL;
}

/**
 * grant_step_done() - end a grant_step() when its instruction is complete
 * @regs: the registers at the debug exception
 *
 * Restores EFLAGS.TF of @regs to its value before the step.
 *
 * Context: the debug exception. That counts as NMI, so in_nmi() says nothing about
 * the interrupted code.
 * Return: whether the exception belongs to a grant_step(), and to no other user of
 * EFLAGS.TF.
 */
bool grant_step_done(struct pt_regs *regs)
{
	struct grant_ctx *ctx = grant_stepping();
	u32 keys;
	int key;

	if (!ctx)
		return false;
	if (regs->ip == ctx->step_ip && !ctx->step_once)
		return true;
	if (!ctx->step_tf)
		regs->flags &= ~X86_EFLAGS_TF;
	keys = ctx->step_keys;
	ctx->step_keys = 0;
	for (key = 1; keys; key++) {
		if (keys & BIT(key)) {
			keys &= ~BIT(key);
			grant_close_slowly(key);
		}
	}
	return !ctx->step_tf;
}

/**
 * grant_push() - push a context with no key open
 * @tag: identifies the grant_pop() that belongs to it
 *
 * Context: the beginning of an interrupt or softirq, preemption off.
 * Return: false if the stack of contexts is full. Then the interrupt runs with the
 * grants of what it interrupted. That counts as a failing open, and is logged.
 */
bool grant_push(unsigned int tag)
{
	struct grant_ctx *ctx = __this_cpu_read(grant_cpu.top);

	grant_brief_end();
	if (unlikely(__this_cpu_read(grant_level) == GRANT_LEVELS - 1)) {
		atomic64_inc(&fail_opens);
		fail_open(0);
		return false;
	}
	ctx->busy = __this_cpu_read(grant_busy);
	ctx->window = *this_cpu_ptr(&pmem_pks_window);
	memset(this_cpu_ptr(&pmem_pks_window), 0,
	       sizeof(struct pmem_pks_window));
	__this_cpu_inc(grant_level);
	ctx++;
	ctx->tag = tag;
	__this_cpu_write(grant_cpu.top, ctx);
	/* PKRS first: an NMI that finds grant_busy 0 takes PKRS to be closed. */
	pks_write(READ_ONCE(pks_closed));
	barrier();
	__this_cpu_write(grant_busy, 0);
	return true;
}

/**
 * grant_pop() - return to the context below
 * @tag: the tag of the context that ends
 *
 * Does nothing if the last grant_push() had another tag, or no context was pushed.
 *
 * Context: the end of any interrupt or softirq, preemption off.
 */
void grant_pop(unsigned int tag)
{
	struct grant_ctx *ctx = __this_cpu_read(grant_cpu.top);

	if (!__this_cpu_read(grant_level) || ctx->tag != tag)
		return;
	/* Code in the interrupt did not revoke its grant: it ends here. */
	if (unlikely(__this_cpu_read(grant_busy)))
		memset(ctx, 0, sizeof(*ctx));
	ctx--;
	*this_cpu_ptr(&pmem_pks_window) = ctx->window;
	__this_cpu_write(grant_busy, ctx->busy);
	__this_cpu_write(grant_cpu.top, ctx);
	__this_cpu_dec(grant_level);
	grant_write(ctx);
}

/**
 * grant_put_aside() - let a page fault's handler start with no key open
 * @fault: the registers at the fault
 *
 * Context: a thread, before its page fault is handled.
 * Return: whether the context was put aside. If so, grant_take_back() has to be
 * called when the handler is done.
 */
bool grant_put_aside(struct pt_regs *fault)
{
	bool done = false;

	preempt_disable();
	grant_brief_end();
	if (!__this_cpu_read(grant_level) && __this_cpu_read(grant_busy)) {
		grant_suspend(current, fault);
		done = true;
	}
	preempt_enable();
	return done;
}

/**
 * grant_take_back() - end a grant_put_aside()
 * @fault: the registers that were passed to it
 *
 * Context: the thread that called grant_put_aside(), interrupts off, after the page
 * fault's handler.
 */
void grant_take_back(struct pt_regs *fault)
{
	struct grant *g = grant_of(current);

	/* Code in the handler did not revoke its grant: it ends here. */
	if (unlikely(__this_cpu_read(grant_busy)))
		grant_clear();
	/* There is no record if the context was lost. */
	if (likely(g && g->fault == fault))
		grant_resume(g);
}

/**
 * grant_switch() - follow a context switch
 * @args: the arguments of finish_task_switch(): the thread that has left the CPU
 * @ip: not used
 *
 * Context: the start of finish_task_switch() in the new thread, interrupts off, the
 * runqueue's lock held.
 */
void grant_switch(const unsigned long *args, unsigned long ip)
{
	struct grant *g;

	if (__this_cpu_read(grant_busy))
		grant_brief_end();
	if (__this_cpu_read(grant_busy))
		grant_suspend((struct task_struct *)args[0], NULL);
	g = grant_of(current);
	if (g && !g->fault)
		grant_resume(g);
}

/*
 * A thread that dies of an oops does not return to the code that would revoke its
 * grants. The kernel also rewinds its stack, and overwrites the records there.
 */
static int grant_oops(struct notifier_block *nb, unsigned long event,
		      void *data)
{
	unsigned long flags;
	struct grant *g;

	if (event != DIE_OOPS || !in_task())
		return NOTIFY_DONE;
	local_irq_save(flags);
	while ((g = grant_of(current))) {
		hlist_del(&g->notifier.link);
		grant_give_back(g);
	}
	if (!__this_cpu_read(grant_level))
		grant_clear();
	local_irq_restore(flags);
	return NOTIFY_DONE;
}

static struct notifier_block grant_oops_notifier = {
	.notifier_call = grant_oops,
};

/**
 * grant_reload() - write PKRS again, after a change of pks_closed
 *
 * Context: any but NMI, preemption off.
 */
void grant_reload(void)
{
	grant_write(__this_cpu_read(grant_cpu.top));
}

static int grant_reload_cpu(void *unused)
{
	grant_reload();
	return 0;
}

/**
 * grant_reload_everywhere() - grant_reload() on every CPU
 *
 * The machine is stopped for it, so that no thread is between its read of
 * pks_closed and its write of PKRS.
 *
 * Context: process context, sleeps.
 */
void grant_reload_everywhere(void)
{
	stop_machine(grant_reload_cpu, NULL, cpu_online_mask);
}

/* Free the entries of dead threads. */
static void lost_bury(void)
{
	struct task_struct *dead;
	struct lost *l;

	for (l = lost; l < lost + NR_LOST; l++) {
		raw_spin_lock_irq(&lost_lock);
		dead = l->task;
		if (dead && READ_ONCE(dead->__state) == TASK_DEAD)
			memset(l, 0, sizeof(*l));
		else
			dead = NULL;
		raw_spin_unlock_irq(&lost_lock);
		if (dead)
			put_task_struct(dead);
	}
}

/**
 * grant_is_lost() - check whether a thread with a lost grant may still use a key
 * @key: the key
 *
 * Context: process context.
 * Return: whether one may.
 */
bool grant_is_lost(int key)
{
	struct lost *l;
	bool is;

	lost_bury();
	raw_spin_lock_irq(&lost_lock);
	/* A lost scope may still use any key. */
	is = lost_for_good & (BIT(key) | BIT(0));
	for (l = lost; l < lost + NR_LOST; l++)
		is |= l->depth[key] || l->depth[0];
	raw_spin_unlock_irq(&lost_lock);
	return is;
}

/**
 * grant_close_everywhere() - end the failing open of a key
 * @key: the key
 *
 * Context: process context, sleeps.
 * Return: 0; -EBUSY while a thread with a lost grant may still use the key.
 */
int grant_close_everywhere(int key)
{
	if (!pks_is_open(key))
		return 0;
	if (!grant_is_lost(key)) {
		pks_close(key);
		/* grant_lose_these() notes a loss first, and then opens the key. */
		smp_mb();
		if (!grant_is_lost(key)) {
			grant_reload_everywhere();
			return 0;
		}
		pks_open_everywhere(key);
	}
	return -EBUSY;
}

struct grant_search {
	int key;	/* 0: any key or scope */
	bool found;
};

/* All CPUs are stopped: each thread's context is in a record. */
static int grant_find(void *arg)
{
	struct task_struct *group, *task;
	struct preempt_notifier *notifier;
	struct grant_search *search = arg;
	struct grant *g;

	rcu_read_lock();
	for_each_process_thread(group, task) {
		hlist_for_each_entry(notifier, &task->preempt_notifiers, link) {
			if (notifier->ops != &grant_ops)
				continue;
			g = container_of(notifier, struct grant, notifier);
			if (!search->key || g->ctx.depth[search->key])
				search->found = true;
		}
	}
	rcu_read_unlock();
	return 0;
}

/**
 * grant_is_held() - check whether any thread has a grant
 * @key: the key; 0: any key, or a scope
 *
 * The machine is stopped for it, so that every thread is off its CPU.
 *
 * Context: process context, sleeps.
 * Return: whether one has. A lost grant of @key counts.
 */
bool grant_is_held(int key)
{
	struct grant_search search = { .key = key };

	if (key && grant_is_lost(key))
		return true;
	stop_machine(grant_find, &search, NULL);
	return search.found;
}

/**
 * grant_drain() - wait until no grant and no scope is left
 *
 * The caller has made sure that no new one starts. No event tells when the last one
 * ends, so this polls.
 *
 * Context: process context, sleeps until the last writer has returned.
 */
void grant_drain(void)
{
	while (grant_is_held(0))
		schedule_timeout_uninterruptible(HZ / 100 ?: 1);
}

/**
 * grant_total() - count the grants
 *
 * Context: any.
 * Return: how often a key was opened for a context, since load.
 */
u64 grant_total(void)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(grant_cpu.total, cpu));
	return sum;
}

/**
 * grant_fail_open_total() - count the failing opens
 *
 * Context: any.
 * Return: how often a key was opened for all contexts, or an interrupt was not
 * shielded, since load.
 */
u64 grant_fail_open_total(void)
{
	return atomic64_read(&fail_opens);
}

static void grant_free_records(void)
{
	struct reserve *r;
	struct grant *g;
	int cpu;

	for_each_possible_cpu(cpu) {
		r = per_cpu_ptr(&reserve, cpu);
		irq_work_sync(&r->refill);
		while ((g = r->free)) {
			r->free = g->next;
			kfree(g);
		}
	}
}

/**
 * grant_init() - fill the reserves of records
 * @on_fail_open: called, in any context, with a key that was opened for all
 *	contexts, or with 0 if an interrupt was not shielded
 *
 * Context: process context, sleeps.
 * Return: 0; -ENOMEM; or an error of register_die_notifier().
 */
int __init grant_init(void (*on_fail_open)(int key))
{
	struct reserve *r;
	struct grant *g;
	int cpu, ret;

	fail_open = on_fail_open;
	for_each_possible_cpu(cpu) {
		per_cpu(grant_cpu.top, cpu) = per_cpu_ptr(&grant_cpu.ctx[0],
							  cpu);
		r = per_cpu_ptr(&reserve, cpu);
		init_irq_work(&r->refill, grant_refill);
		for (; r->nr < RESERVE; r->nr++) {
			g = grant_new(GFP_KERNEL);
			if (!g) {
				ret = -ENOMEM;
				goto free_records;
			}
			g->next = r->free;
			r->free = g;
		}
	}
	ret = register_die_notifier(&grant_oops_notifier);
	if (!ret)
		return 0;
free_records:
	grant_free_records();
	return ret;
}

/**
 * grant_exit() - free the records
 *
 * Context: process context, sleeps; after grant_drain(), when shield.c's hooks are
 * gone.
 */
void grant_exit(void)
{
	struct lost *l;

	unregister_die_notifier(&grant_oops_notifier);
	grant_free_records();
	for (l = lost; l < lost + NR_LOST; l++)
		if (l->task)
			put_task_struct(l->task);
}
