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
 * A thread that leaves the CPU with something open has its context moved to a
 * record (struct grant), which hangs on the thread among its preempt notifiers, a
 * list that a new thread starts with empty. It is moved back, as it was to the
 * bit, when the thread is on a CPU again. The same is done around the handling of
 * a page fault, whose handler is to have nothing open: shield.c says where it
 * begins and where it ends.
 *
 * A writer brings the room for its record along, in its trampoline's frame on its
 * own stack: it is there as long as the grant. So no number of writers, asleep or
 * not, can use up anything. A map and pks_grant() have no frame. Their records come
 * from a reserve of the CPU, which that CPU fills up again in an interrupt of its
 * own as soon as one is taken: the next switch on it comes after that. Only when
 * the page allocator has nothing even for an interrupt (GFP_ATOMIC) RESERVE times
 * on end, there is none. Then the keys of the context are opened for everybody,
 * and who lost what is noted, so that the revocations that follow are understood.
 */
#include <linux/irq_work.h>
#include <linux/kallsyms.h>
#include <linux/kdebug.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/stop_machine.h>

#include "internal.h"

#include "trace.h"

/* Free records of a CPU, when it has filled them up. */
#define RESERVE		16
/* Threads whose context was lost, as far as they are known one by one. */
#define NR_LOST		64

DEFINE_PER_CPU(unsigned int, grant_busy);
DEFINE_PER_CPU(unsigned int, grant_level);
DEFINE_PER_CPU(struct grant_cpu, grant_cpu);
DEFINE_PER_CPU(struct pmem_pks_window, pmem_pks_window);
EXPORT_PER_CPU_SYMBOL_GPL(pmem_pks_window);

/* Interrupts off. Records go from CPU to CPU with the threads that hold them. */
struct reserve {
	struct grant *free;
	unsigned int nr;
	struct irq_work refill;
};

static DEFINE_PER_CPU(struct reserve, reserve);

/*
 * What a thread has lost and not ended yet, for want of a record. Of a thread that
 * finds no place here it is not known when that is over: then its keys stay open
 * until the module is loaded anew.
 */
struct lost {
	struct task_struct *task;
	unsigned int depth[PKS_NR_KEYS];	/* of key 0: its scopes */
};

static struct lost lost[NR_LOST];
static u32 lost_for_good;
/* Interrupts off; whoever holds it writes to no protected page. */
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

static struct grant *grant_new(gfp_t gfp)
{
	struct grant *g = kzalloc(sizeof(*g), gfp | __GFP_NOWARN);

	if (g)
		g->reserve = true;
	return g;
}

/* Hard interrupt, on the CPU whose reserve it is. */
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
	/* Threads that came from other CPUs have left theirs here. */
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

static void grant_open_for_all(int key)
{
	pks_open_everywhere(key);
	atomic64_inc(&fail_opens);
	fail_open(key);
}

/**
 * grant_fail_open() - open a key for everybody, and here at once
 * @key: the key
 *
 * For an access that can neither be performed nor be stepped (fault.c).
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
 * grant_brief_open() - open a key for the thread until something comes between
 * @key: the key
 *
 * It ends for good at the CPU's next interrupt or softirq, when the thread leaves
 * the CPU, and when a page fault of its is handled.
 *
 * Context: the page fault of a thread, interrupts off.
 * Return: false, and nothing is changed, if the thread has anything open.
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
	/* An interrupt may have done it. */
	int key = this_cpu_xchg(grant_cpu.ctx[0].brief_key, 0);

	if (key)
		grant_close_slowly(key);
}

/* Preemption off. */
static __always_inline void grant_brief_end(void)
{
	if (unlikely(__this_cpu_read(grant_cpu.ctx[0].brief_key)))
		grant_brief_close();
}

/*
 * lost_lock held. The entry of a thread, or a free one, or NULL. One that is dead
 * comes back to nothing.
 */
static struct lost *lost_of(struct task_struct *task, bool new)
{
	struct lost *l, *free = NULL;

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

/* lost_lock held. Return: the thread, to be put, if that was the last of it. */
static struct task_struct *lost_end(struct lost *l)
{
	struct task_struct *task = l->task;

	if (memchr_inv(l->depth, 0, sizeof(l->depth)))
		return NULL;
	l->task = NULL;
	return task;
}

/* Preemption off. @depth: as in struct lost */
static noinline void grant_lose_these(struct task_struct *task,
				      const unsigned int *depth)
{
	unsigned long flags;
	struct lost *l;
	int key;

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
	/* Nobody closes it again who has not found it lost. */
	for (key = 1; key < PKS_NR_KEYS; key++)
		if (depth[key])
			grant_open_for_all(key);
}

static void grant_lose(struct task_struct *task, struct grant_ctx *ctx,
		       struct pt_regs *fault)
{
	int key, i;

	grant_drop_window();
	/* An instruction that is let through faults once more, and is again. */
	if (fault && ctx->step_keys) {
		if (!ctx->step_tf)
			fault->flags &= ~X86_EFLAGS_TF;
		for (key = 1; key < PKS_NR_KEYS; key++)
			if (ctx->step_keys & BIT(key))
				ctx->depth[key]--;
	}
	for (i = 0; i < GRANT_SPANS; i++)
		for (key = 1; key < PKS_NR_KEYS; key++)
			if (ctx->span[i].keys & BIT(key))
				ctx->depth[key]--;
	ctx->depth[0] = ctx->scopes;
	grant_lose_these(task, ctx->depth);
}

/* Preemption off. The context of the thread is empty then, and PKRS closed. */
static void grant_clear(void)
{
	memset(this_cpu_ptr(&grant_cpu.ctx[0]), 0, sizeof(struct grant_ctx));
	memset(this_cpu_ptr(&pmem_pks_window), 0,
	       sizeof(struct pmem_pks_window));
	/* An NMI that finds nothing open finds PKRS closed. */
	pks_write(READ_ONCE(pks_closed));
	barrier();
	__this_cpu_write(grant_busy, 0);
}

/*
 * Put the thread's context aside, and start with nothing open. Preemption off.
 * @task: whose it is: the thread that runs, or has just left the CPU
 */
static void grant_suspend(struct task_struct *task, struct pt_regs *fault)
{
	struct grant_ctx *ctx = this_cpu_ptr(&grant_cpu.ctx[0]);
	struct grant *g = ctx->record;

	/* Killed in the midst: nobody will end what it has open. */
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
		 * What preempt_notifier_register() does, which also wants a
		 * static key on that costs each context switch in the system.
		 */
		hlist_add_head(&g->notifier.link, &task->preempt_notifiers);
	} else {
		grant_lose(task, ctx, fault);
	}
	grant_clear();
}

/* Give the running thread its context back, which is empty. Preemption off. */
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
 * grant_open_inner() - grant_open_writer() in a context that has something open
 * @key: as there
 * @mask: as there
 * @record: as there
 */
noinline void grant_open_inner(unsigned int key, u32 mask, struct grant *record)
{
	struct grant_ctx *ctx = __this_cpu_read(grant_cpu.top);

	if (!ctx->record)
		ctx->record = record;
	grant_open(key, mask);
}

/* The frame that the record is in goes away. */
static void grant_end_record(const struct grant *record)
{
	struct grant_ctx *ctx = __this_cpu_read(grant_cpu.top);

	if (ctx->record == record)
		ctx->record = NULL;
}

/**
 * grant_close_inner() - grant_close_writer() where other grants are open
 * @key: as there
 * @mask: as there
 * @record: as there
 */
noinline void grant_close_inner(unsigned int key, u32 mask,
				struct grant *record)
{
	grant_end_record(record);
	grant_close(key, mask, 0);
}

/**
 * grant_close_rest() - end a grant_open() that the context does not know of
 * @key: the key; 0: a scope
 *
 * Perhaps the running thread has lost it.
 *
 * Context: as grant_close().
 * Return: whether it had.
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

static noinline void grant_complain(int key, void *caller)
{
	char name[KSYM_SYMBOL_LEN];

	pr_err_once("revocation of key %d, which was not granted, by %s\n",
		    key, hook_name_of((unsigned long)caller, name));
}

int pks_revoke(int key)
{
	bool done;

	if (!pks_key_taken(key))
		return -EINVAL;
	preempt_disable();
	done = grant_close_slowly(key);
	preempt_enable();
	if (!done)
		grant_complain(key, __builtin_return_address(0));
	return done ? 0 : -EINVAL;
}
EXPORT_SYMBOL_GPL(pks_revoke);

/* There is no room for one more map over an edge. */
static noinline void grant_lose_span(u32 keys)
{
	unsigned int depth[PKS_NR_KEYS] = {};
	int key;

	for (key = 1; key < PKS_NR_KEYS; key++)
		depth[key] = !!(keys & BIT(key));
	grant_lose_these(current, depth);
}

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
	grant_lose_span(span->keys);
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
 * @record: the room in the writer's frame, until grant_scope_end(), or NULL
 *
 * For the functions whose destination is not among their arguments: the keys
 * are opened by grant_scope_key() when they are known, and closed together.
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
 * grant_scope_end() - close what was granted since grant_scope_begin()
 * @record: as there
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
 *
 * So it is where PKRS did not follow yet: the key was opened for everybody, or
 * an NMI came in the midst of its opening.
 *
 * Context: the page fault.
 * Return: whether it is; then the access works when it is tried again.
 */
bool grant_covers(int key)
{
	/* An NMI has no grant, whatever it interrupted. */
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
 * @once: of a repeated string instruction, for one repetition only
 *
 * Context: the page fault, not of an NMI.
 */
void grant_step(int key, struct pt_regs *regs, bool once)
{
	struct grant_ctx *ctx;

	grant_open_slowly(key);
	ctx = __this_cpu_read(grant_cpu.top);
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

static struct grant_ctx *grant_stepping(void)
{
	struct grant_ctx *ctx = __this_cpu_read(grant_cpu.top);

	return ctx->step_keys ? ctx : NULL;
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
 * grant_push() - start a context with nothing open
 * @tag: tells its grant_pop() from others
 *
 * Context: the beginning of an interrupt or softirq, preemption off.
 * Return: false if there is no room: then it runs with what it interrupted, which
 * is counted and told as a failing open.
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
	/* An NMI that finds nothing open finds PKRS closed. */
	pks_write(READ_ONCE(pks_closed));
	barrier();
	__this_cpu_write(grant_busy, 0);
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
 * Context: a thread, before its page fault is handled.
 * Return: whether something was put aside: grant_take_back() is owed, when the
 * handler is done.
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
 * @fault: the registers that were given to it
 *
 * Context: the thread that called it, interrupts off, behind the page fault's
 * handler.
 */
void grant_take_back(struct pt_regs *fault)
{
	struct grant *g = grant_of(current);

	/* Somebody in the handler did not end his grant: it ends here. */
	if (unlikely(__this_cpu_read(grant_busy)))
		grant_clear();
	/* It was lost if there is none. */
	if (likely(g && g->fault == fault))
		grant_resume(g);
}

/**
 * grant_switch() - follow a context switch
 * @args: of finish_task_switch(): the thread that has left the CPU
 * @ip: not used
 *
 * Context: the first thing that the new thread does, interrupts off, the
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
 * A thread that dies of an oops comes back to nothing that it has open, and its
 * stack is started anew, under the records that lie there.
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

/* Forget the threads that are dead. */
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
 * grant_is_lost() - whether a thread whose context was lost may still use a key
 * @key: the key
 *
 * Context: process context.
 */
bool grant_is_lost(int key)
{
	struct lost *l;
	bool is;

	lost_bury();
	raw_spin_lock_irq(&lost_lock);
	/* A scope may have opened any key, and will use it again. */
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
 * Return: 0; -EBUSY while a thread whose grant was lost may still use it.
 */
int grant_close_everywhere(int key)
{
	if (!pks_is_open(key))
		return 0;
	if (!grant_is_lost(key)) {
		pks_close(key);
		/* Who loses it from now on opens it again. */
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

	if (key && grant_is_lost(key))
		return true;
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
 * grant_init() - make the first records
 * @on_fail_open: is told of a key that was opened for all, or 0: an interrupt was
 *	not shielded; in any context
 *
 * Return: 0 or an error.
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

/* After grant_drain(), and when shield.c's hooks are gone. */
void grant_exit(void)
{
	struct lost *l;

	unregister_die_notifier(&grant_oops_notifier);
	grant_free_records();
	for (l = lost; l < lost + NR_LOST; l++)
		if (l->task)
			put_task_struct(l->task);
}
