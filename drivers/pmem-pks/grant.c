// SPDX-License-Identifier: GPL-2.0
/*
 * Grants: which keys the current context has open, and that PKRS follows.
 *
 * Each CPU has a stack of contexts (struct grant_ctx). The lowest is of the
 * thread that runs; an interrupt or softirq that arrives while the top one has
 * something open gets a new, closed one above it (shield.c calls us). To grant
 * a key is to count it in the top one, with preemption off: no lock, and nothing
 * that another CPU looks at.
 *
 * What keeps an interrupt from spoiling a change that it interrupted is 'busy'.
 * It counts what is open in the top context, goes up before anything else
 * changes and down after it, and is what shield.c looks at. So an interrupt
 * either finds nothing open and nothing half changed, or it gets a context of
 * its own; and PKRS is afterwards made anew from 'open' of the interrupted one,
 * which a change always writes before PKRS. An NMI takes no grant.
 *
 * A thread that leaves the CPU with something open (or takes a page fault, whose
 * handler is to have nothing open) has its context moved to a record
 * (struct grant) that hangs on the thread among its preempt notifiers, a list
 * that a new thread starts with empty. It is moved back when the thread is back
 * on a CPU, for a page fault at the first denied write or revocation behind it.
 * As contexts only count, moving one back onto another adds them up.
 *
 * Records come from a list that an irq_work fills, and which lives until the
 * end. Without a record, the keys of that context are opened for everybody, and
 * what is lost is counted, so that the revocations that follow are understood.
 */
#include <linux/irq_work.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/stop_machine.h>
#include <asm/unwind.h>

#include "internal.h"

#include "trace.h"

/* Records are made when fewer are free; and how many at a time. */
#define FREE_LOW	16

struct grant {
	struct preempt_notifier notifier;	/* only its link is of use */
	struct grant_ctx ctx;
	/* The page fault that it is put aside for; NULL: off the CPU. */
	struct pt_regs *fault;
	struct grant *next;	/* of the free ones */
	struct grant *all;
};

DEFINE_PER_CPU(unsigned int, grant_busy);
DEFINE_PER_CPU(unsigned int, grant_level);
DEFINE_PER_CPU(struct grant_cpu, grant_cpu);
DEFINE_PER_CPU(struct pmem_pks_window, pmem_pks_window);
EXPORT_PER_CPU_SYMBOL_GPL(pmem_pks_window);

static struct grant *grant_free, *grant_all;
static unsigned int nr_free;
/* Leaf lock, interrupts off; whoever holds it writes to no protected page. */
static DEFINE_RAW_SPINLOCK(free_lock);

/* For want of a record: grants and scopes whose end will not be found. */
static atomic_t lost[PKS_NR_KEYS], lost_scopes;
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
 * The kernel calls these when somebody else (KVM) has switched on preempt
 * notifiers. The records need the list only: shield.c's hook is there for all.
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

static void grant_refill(struct irq_work *work)
{
	struct grant *g;
	int i;

	for (i = 0; i < FREE_LOW; i++) {
		g = kzalloc(sizeof(*g), GFP_ATOMIC | __GFP_NOWARN);
		if (!g)
			return;
		preempt_notifier_init(&g->notifier, &grant_ops);
		raw_spin_lock(&free_lock);
		g->next = grant_free;
		grant_free = g;
		g->all = grant_all;
		grant_all = g;
		nr_free++;
		raw_spin_unlock(&free_lock);
	}
}

static DEFINE_IRQ_WORK(refill_work, grant_refill);

static struct grant *grant_take(void)
{
	struct grant *g;
	unsigned long flags;
	bool low;

	raw_spin_lock_irqsave(&free_lock, flags);
	g = grant_starved() ? NULL : grant_free;
	if (g) {
		grant_free = g->next;
		nr_free--;
	}
	low = nr_free < FREE_LOW;
	raw_spin_unlock_irqrestore(&free_lock, flags);
	if (unlikely(low))
		irq_work_queue(&refill_work);
	return g;
}

static void grant_give_back(struct grant *g)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&free_lock, flags);
	g->next = grant_free;
	grant_free = g;
	nr_free++;
	raw_spin_unlock_irqrestore(&free_lock, flags);
}

noinline void grant_trace_open(unsigned int key)
{
	trace_grant(key);
}

noinline void grant_trace_close(unsigned int key)
{
	trace_revoke(key);
}

/* The newest record of a thread. */
static struct grant *grant_of(struct task_struct *task)
{
	struct preempt_notifier *notifier;

	hlist_for_each_entry(notifier, &task->preempt_notifiers, link)
		if (notifier->ops == &grant_ops)
			return container_of(notifier, struct grant, notifier);
	return NULL;
}

/**
 * grant_drop_window() - make the maps that the window counts ordinary grants
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

static void grant_lose_key(int key, int count)
{
	atomic_add(count, &lost[key]);
	pks_open_everywhere(key);
	atomic64_inc(&fail_opens);
	fail_open(key);
}

static void grant_lose(struct grant_ctx *ctx)
{
	int key, i;

	grant_drop_window();
	for (i = 0; i < GRANT_SPANS; i++)
		for (key = 1; key < PKS_NR_KEYS; key++)
			if (ctx->span[i].keys & BIT(key))
				ctx->depth[key]--;
	for (key = 1; key < PKS_NR_KEYS; key++)
		if (ctx->depth[key])
			grant_lose_key(key, ctx->depth[key]);
	atomic_add(ctx->scopes, &lost_scopes);
}

/*
 * Put the thread's context aside, and start with nothing open. Preemption off.
 * @task: whose it is: the thread that runs, or has just left the CPU
 */
static void grant_suspend(struct task_struct *task, struct pt_regs *fault)
{
	struct grant_ctx *ctx = this_cpu_ptr(&grant_cpu.ctx[0]);
	/* Killed by an oops in the midst: nobody will end what it has open. */
	bool dead = READ_ONCE(task->__state) == TASK_DEAD;
	struct grant *g = dead ? NULL : grant_take();

	if (likely(g)) {
		/* Behind a fault there may be other grants already. */
		if (fault)
			grant_drop_window();
		ctx->busy = __this_cpu_read(grant_busy);
		ctx->window = *this_cpu_ptr(&pmem_pks_window);
		g->ctx = *ctx;
		g->fault = fault;
		/*
		 * What preempt_notifier_register() does, which also wants a
		 * static key on that costs each context switch in the system.
		 */
		hlist_add_head(&g->notifier.link, &task->preempt_notifiers);
	} else if (!dead) {
		grant_lose(ctx);
	}
	memset(ctx, 0, sizeof(*ctx));
	memset(this_cpu_ptr(&pmem_pks_window), 0,
	       sizeof(struct pmem_pks_window));
	pks_write(READ_ONCE(pks_closed));
	barrier();
	__this_cpu_write(grant_busy, 0);
}

/* Add a record of the running thread to its context. Preemption off. */
static void grant_resume(struct grant *g)
{
	struct grant_ctx *ctx = this_cpu_ptr(&grant_cpu.ctx[0]);
	int key;

	__this_cpu_add(grant_busy, g->ctx.busy);
	barrier();
	if (g->ctx.busy == __this_cpu_read(grant_busy)) {
		/* As it was, to the instruction. */
		*ctx = g->ctx;
		*this_cpu_ptr(&pmem_pks_window) = g->ctx.window;
	} else {
		/* Put aside for a fault: without a window and spans. */
		for (key = 1; key < PKS_NR_KEYS; key++)
			ctx->depth[key] += g->ctx.depth[key];
		ctx->open |= g->ctx.open;
		ctx->scopes += g->ctx.scopes;
		ctx->scope_keys |= g->ctx.scope_keys;
		if (g->ctx.step_keys) {
			ctx->step_keys = g->ctx.step_keys;
			ctx->step_tf = g->ctx.step_tf;
			ctx->step_ip = g->ctx.step_ip;
		}
	}
	grant_write(ctx);
	hlist_del(&g->notifier.link);
	grant_give_back(g);
}

/* Whether the handler of a page fault is not on the thread's stack any more. */
static bool grant_fault_is_over(const struct grant *g, struct pt_regs *regs)
{
	unsigned long sp = regs ? regs->sp : (unsigned long)&sp;
	struct unwind_state state;

	if (sp > (unsigned long)g->fault)
		return true;
	/* What the interrupted function called since may reach as deep. */
	for (unwind_start(&state, current, regs, NULL); !unwind_done(&state);
	     unwind_next_frame(&state))
		if (unwind_get_entry_regs(&state, NULL) == g->fault)
			return false;
	return true;
}

/*
 * Preemption off. @regs: where the thread is, NULL: here. Return: whether
 * something was put aside for a page fault that is over, and is now back.
 */
static bool grant_resume_fault(struct pt_regs *regs)
{
	struct grant *g;

	if (__this_cpu_read(grant_level))
		return false;
	g = grant_of(current);
	if (!g || !grant_fault_is_over(g, regs))
		return false;
	grant_resume(g);
	return true;
}

/**
 * grant_close_rest() - end a grant_open() that the context does not know of
 * @key: the key
 *
 * Perhaps it was put aside for a page fault, or lost.
 *
 * Context: as grant_close().
 * Return: whether there was one.
 */
noinline bool grant_close_rest(int key)
{
	while (grant_resume_fault(NULL))
		if (__this_cpu_read(grant_cpu.top)->depth[key])
			return grant_close_slowly(key);
	return atomic_dec_if_positive(&lost[key]) >= 0;
}

int pks_grant(int key)
{
	if (!pks_key_taken(key))
		return -EINVAL;
	preempt_disable();
	grant_open_slowly(key);
	preempt_enable();
	return 0;
}
EXPORT_SYMBOL_GPL(pks_grant);

int pks_revoke(int key)
{
	bool done;

	if (!pks_key_taken(key))
		return -EINVAL;
	preempt_disable();
	done = grant_close_slowly(key);
	preempt_enable();
	if (!done)
		pr_err_once("revocation of key %d, which was not granted, by %pS\n",
			    key, __builtin_return_address(0));
	return done ? 0 : -EINVAL;
}
EXPORT_SYMBOL_GPL(pks_revoke);

/* Note a map over an edge, whose keys @ctx has open. */
static void grant_add_span(struct grant_ctx *ctx, const struct grant_span *span)
{
	int i, key;

	for (i = 0; i < GRANT_SPANS; i++) {
		if (ctx->span[i].keys)
			continue;
		ctx->span[i] = *span;
		ctx->spans++;
		/* No end of a map is to be taken for the last one. */
		for (key = 1; key < PKS_NR_KEYS; key++)
			if (span->keys & BIT(key))
				ctx->depth[key]++;
		return;
	}
	for (key = 1; key < PKS_NR_KEYS; key++)
		if (span->keys & BIT(key))
			grant_lose_key(key, 1);
}

/**
 * grant_open_span() - grant several keys to one map
 * @start: the first address of the map, page-aligned
 * @keys: a bit for each key
 *
 * Context: any but NMI, preemption off.
 */
void grant_open_span(unsigned long start, u32 keys)
{
	struct grant_span span = { .start = start, .keys = keys };
	struct grant_ctx *ctx;
	int key;

	for (key = 1; key < PKS_NR_KEYS; key++)
		if (keys & BIT(key))
			grant_open_slowly(key);
	ctx = __this_cpu_read(grant_cpu.top);
	/* Each end has to be told from those of other maps from now on. */
	grant_drop_window();
	grant_add_span(ctx, &span);
}

static struct grant_span *grant_find_span(unsigned long addr)
{
	struct grant_ctx *ctx = __this_cpu_read(grant_cpu.top);
	int i;

	/* The newest first. */
	for (i = GRANT_SPANS - 1; i >= 0; i--)
		if (ctx->span[i].keys &&
		    ctx->span[i].start == (addr & PAGE_MASK))
			return &ctx->span[i];
	return NULL;
}

/**
 * grant_nest_span() - note a map that may begin where a span does
 * @addr: its address
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
 * @addr: an address in its first page
 *
 * Of maps that begin in one page the newest is taken to end first.
 *
 * Context: the one that called it, preemption off.
 * Return: false if the context's newest map that begins there is no span.
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
	for (key = 1; key < PKS_NR_KEYS; key++) {
		if (!(keys & BIT(key)))
			continue;
		ctx->depth[key]--;
		grant_close_slowly(key);
	}
	return true;
}

/**
 * grant_close_nested() - the rest of a grant_close() that may not be the last
 * @key: the key, whose depth has been lowered
 * @addr: for a map, its address
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
 * grant_scope_begin() - start a stretch in which keys may be granted on demand
 *
 * For the functions whose destination is not among their arguments: the keys
 * are opened by grant_scope_key() when they are known, and closed together.
 *
 * Context: a thread.
 */
void grant_scope_begin(void)
{
	struct grant_ctx *ctx;

	preempt_disable();
	__this_cpu_inc(grant_busy);
	barrier();
	ctx = __this_cpu_read(grant_cpu.top);
	ctx->task = current;
	ctx->scopes++;
	preempt_enable();
}

/**
 * grant_scope_end() - close what was granted since grant_scope_begin()
 */
void grant_scope_end(void)
{
	struct grant_ctx *ctx;
	int key;

	preempt_disable();
	ctx = __this_cpu_read(grant_cpu.top);
	while (unlikely(!ctx->scopes))
		if (!grant_resume_fault(NULL))
			break;
	if (unlikely(!ctx->scopes)) {
		atomic_dec(&lost_scopes);
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
 * grant_in_scope() - whether the current context is in a scope
 *
 * Context: the page fault.
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
 * grant_covers() - whether a denied access is by somebody who has the grant
 * @key: the key of the page
 * @regs: the registers of the access
 *
 * So it is where PKRS did not follow yet: the key was opened for everybody, or
 * for this context and put aside for a page fault that is over now.
 *
 * Context: the page fault.
 * Return: whether it is; then the access works when it is tried again.
 */
bool grant_covers(int key, struct pt_regs *regs)
{
	/* An NMI has no grant, whatever it interrupted. */
	if (in_nmi())
		return false;
	while (!__this_cpu_read(grant_cpu.top)->depth[key] &&
	       READ_ONCE(pks_closed) & PKRS_KEY_MASK(key))
		if (!grant_resume_fault(regs))
			return false;
	grant_reload();
	return true;
}

/*
 * A single step of an NMI leaves the contexts alone, which it may have
 * interrupted in the middle of a change: PKRS is put back as it was.
 */
static void grant_step_nmi(int key)
{
	struct grant_ctx *nmi = this_cpu_ptr(&grant_cpu.nmi);

	if (!nmi->step_keys)
		nmi->open = pks_read();
	pks_write(pks_read() & ~PKRS_KEY_MASK(key));
}

/**
 * grant_step() - grant a key for one instruction
 * @key: the key
 * @regs: the registers before the instruction
 * @once: of a repeated string instruction, for one repetition only
 *
 * Context: the page fault.
 */
void grant_step(int key, struct pt_regs *regs, bool once)
{
	struct grant_ctx *ctx;

	if (unlikely(in_nmi())) {
		ctx = this_cpu_ptr(&grant_cpu.nmi);
		grant_step_nmi(key);
	} else {
		grant_open_slowly(key);
		ctx = __this_cpu_read(grant_cpu.top);
	}
	/* The second time for one instruction if it uses two domains. */
	if (!ctx->step_keys) {
		ctx->step_tf = regs->flags & X86_EFLAGS_TF;
		ctx->step_ip = regs->ip;
		ctx->step_once = false;
	}
	ctx->step_once |= once;
	ctx->step_keys |= BIT(key);
	regs->flags |= X86_EFLAGS_TF;
}

static struct grant_ctx *grant_stepping(struct pt_regs *regs)
{
	struct grant_ctx *ctx = this_cpu_ptr(&grant_cpu.nmi);

	if (unlikely(ctx->step_keys))
		return ctx;
	do {
		ctx = __this_cpu_read(grant_cpu.top);
		if (ctx->step_keys)
			return ctx;
	} while (grant_resume_fault(regs));
	return NULL;
}

/**
 * grant_step_done() - end a grant_step() if its instruction is over
 * @regs: the registers at the debug exception
 *
 * EFLAGS.TF of @regs is afterwards as it was before the step.
 *
 * Context: the debug exception, which is NMI-like: in_nmi() tells nothing of
 * the interrupted code.
 * Return: whether the exception is that of a step of ours, and of nobody else.
 */
bool grant_step_done(struct pt_regs *regs)
{
	struct grant_ctx *ctx = grant_stepping(regs);
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
	if (ctx == this_cpu_ptr(&grant_cpu.nmi)) {
		pks_write(ctx->open);
		return !ctx->step_tf;
	}
	for (key = 1; keys; key++) {
		if (keys & BIT(key)) {
			keys &= ~BIT(key);
			grant_close_slowly(key);
		}
	}
	return !ctx->step_tf;
}

/**
 * grant_push() - start a context with nothing open
 * @tag: tells its grant_pop() from others
 *
 * Context: the beginning of an interrupt or softirq, preemption off.
 * Return: false if there is no room (never seen), and nothing was done.
 */
bool grant_push(unsigned int tag)
{
	struct grant_ctx *ctx = __this_cpu_read(grant_cpu.top);

	if (__this_cpu_read(grant_level) == GRANT_LEVELS - 1)
		return false;
	ctx->busy = __this_cpu_read(grant_busy);
	ctx->window = *this_cpu_ptr(&pmem_pks_window);
	memset(this_cpu_ptr(&pmem_pks_window), 0,
	       sizeof(struct pmem_pks_window));
	__this_cpu_inc(grant_level);
	ctx++;
	ctx->tag = tag;
	__this_cpu_write(grant_cpu.top, ctx);
	__this_cpu_write(grant_busy, 0);
	pks_write(READ_ONCE(pks_closed));
	return true;
}

/**
 * grant_pop() - go back to the context before
 * @tag: of the grant_push() whose context has come to its end
 *
 * Context: the end of any interrupt or softirq, preemption off. Nothing is done
 * if it was not that one for which the last grant_push() was called.
 */
void grant_pop(unsigned int tag)
{
	struct grant_ctx *ctx = __this_cpu_read(grant_cpu.top);

	if (!__this_cpu_read(grant_level) || ctx->tag != tag)
		return;
	/* Somebody in there did not end his grant: it ends here. */
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
 * grant_put_aside() - let a page fault's handler start with nothing open
 * @fault: the registers of the thread's instruction that faulted
 *
 * Not while the thread has a map over a domain's edge (see kmap.c), whose end
 * must be able to find it: then the handler runs with what the thread has open.
 *
 * Context: a thread, before its page fault is handled.
 */
void grant_put_aside(struct pt_regs *fault)
{
	preempt_disable();
	if (!__this_cpu_read(grant_level) && __this_cpu_read(grant_busy) &&
	    !__this_cpu_read(grant_cpu.ctx[0].spans))
		grant_suspend(current, fault);
	preempt_enable();
}

/**
 * grant_switch() - follow a context switch
 *
 * Context: the first thing that the new thread does, interrupts off, the
 * runqueue's lock held.
 */
void grant_switch(void)
{
	struct task_struct *prev;
	struct grant *g;

	if (__this_cpu_read(grant_busy)) {
		prev = __this_cpu_read(grant_cpu.ctx[0].task);
		grant_suspend(prev, NULL);
	}
	g = grant_of(current);
	if (g && !g->fault)
		grant_resume(g);
}

/**
 * grant_reload() - set PKRS to what the current context is to have
 *
 * After a change of pks_closed.
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
 * grant_reload_everywhere() - the same on every CPU
 *
 * The machine is stopped for it, so that no thread is between its reading of
 * pks_closed and its write of PKRS.
 *
 * Context: process context, sleeps.
 */
void grant_reload_everywhere(void)
{
	stop_machine(grant_reload_cpu, NULL, cpu_online_mask);
}

/**
 * grant_close_everywhere() - end the failing open of a key
 * @key: the key
 *
 * Context: process context, sleeps.
 * Return: 0; -EBUSY while a thread whose grant was lost may still use it.
 */
int grant_close_everywhere(int key)
{
	if (!pks_is_open(key))
		return 0;
	if (atomic_read(&lost[key]) || atomic_read(&lost_scopes))
		return -EBUSY;
	pks_close(key);
	grant_reload_everywhere();
	return 0;
}

struct grant_search {
	int key;	/* 0: any */
	bool found;
};

/* All CPUs stopped: what any thread has open is in a record. */
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
 * grant_is_held() - whether any thread has a grant
 * @key: of this key, or 0: of any, or is in a scope
 *
 * The machine is stopped for it, so that every thread is off its CPU.
 *
 * Context: process context, sleeps.
 */
bool grant_is_held(int key)
{
	struct grant_search search = { .key = key };

	stop_machine(grant_find, &search, NULL);
	return search.found;
}

/**
 * grant_drain() - wait until no grant and no scope is left
 *
 * Nothing may start a new one any more. There is nothing that tells of the last
 * one's end, hence the polling.
 *
 * Context: process context, sleeps until the last writer has returned.
 */
void grant_drain(void)
{
	while (grant_is_held(0))
		schedule_timeout_uninterruptible(HZ / 100 ?: 1);
}

/**
 * grant_total() - how often a key was opened for a context, since load
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
 * grant_fail_open_total() - how often a key was opened for all, since load
 */
u64 grant_fail_open_total(void)
{
	return atomic64_read(&fail_opens);
}

/**
 * grant_init() - make the first records
 * @on_fail_open: is told of a key that was opened for all; in any context
 *
 * Return: 0 or -ENOMEM.
 */
int __init grant_init(void (*on_fail_open)(int key))
{
	int cpu;

	fail_open = on_fail_open;
	for_each_possible_cpu(cpu)
		per_cpu(grant_cpu.top, cpu) = per_cpu_ptr(&grant_cpu.ctx[0],
							  cpu);
	irq_work_queue(&refill_work);
	irq_work_sync(&refill_work);
	return grant_free ? 0 : -ENOMEM;
}

/* After grant_drain(), and when shield.c's hooks are gone. */
void grant_exit(void)
{
	struct grant *g;

	irq_work_sync(&refill_work);
	while ((g = grant_all)) {
		grant_all = g->all;
		kfree(g);
	}
}
