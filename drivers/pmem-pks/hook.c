// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel functions hooked by name, in an unmodified kernel.
 *
 * A set of hooks with a trampoline (hook_entry.h) wraps its functions at entry
 * and exit, by an ftrace direct call. A set without a trampoline diverts them: an
 * ftrace callback decides whether a function runs or is skipped, and changes the
 * instruction pointer to skip it. The callback is registered as permanent. While
 * it is there, the kernel refuses kernel.ftrace_enabled=0, which would switch off
 * hooks of both kinds.
 *
 * All functions run in process context, unless their comment says otherwise.
 */
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/ftrace.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "internal.h"

/* Sets that are in place. hook_lock orders the changes. */
static LIST_HEAD(hook_sets);
static DEFINE_MUTEX(hook_lock);
/* All trampolines that were ever in use: a thread may still be inside one. */
static const struct hook_trampoline *trampolines[12];
/* ftrace has failed to remove a hook. */
static bool hook_stuck;

/**
 * hook_from_nowhere() - log the first call from an address that no hook has
 * @ip: the address that a trampoline or a callback was called from
 *
 * Context: any.
 */
void hook_from_nowhere(unsigned long ip)
{
	char name[KSYM_SYMBOL_LEN];

	pr_err_once("called from %s, which is not hooked: nothing is done for it\n",
		    symbols_name(ip, name));
}

/* Context: that of the diverted function, so any; preemption off. */
static void hook_divert(unsigned long ip, unsigned long parent_ip,
			struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);

	const struct hook *hook = hook_from(ops->private, ip);

	if (hook && hook->handle(regs->di, regs->si, regs->dx))
		regs->ip = (unsigned long)hook_nothing;
}

static int hook_register(struct hook_set *set, struct ftrace_ops *ops)
{
	if (set->trampoline)
		return compat_register_direct(ops, set->trampoline->start);
	ops->func = hook_divert;
	ops->private = set;
	ops->flags |= FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_IPMODIFY |
		      FTRACE_OPS_FL_PERMANENT;
	return register_ftrace_function(ops);
}

/*
 * Once ftrace has found a fault in itself, it removes no hook any more, and the
 * functions go on calling the trampolines. What they use must stay: the ftrace_ops,
 * and the module. A module that is being removed gives no reference: see
 * hook_exit().
 */
static void hook_unregister(struct hook_set *set, struct ftrace_ops *ops)
{
	int ret = set->trampoline ?
		  compat_unregister_direct(ops, set->trampoline->start) :
		  unregister_ftrace_function(ops);

	if (!ret) {
		ftrace_free_filter(ops);
		kfree(ops);
		return;
	}
	if (hook_stuck)
		return;
	hook_stuck = true;
	pr_crit("ftrace removes no hook any more (%d): this module can't go until the next boot\n",
		ret);
	try_module_get(THIS_MODULE);
}

/* Hook some of a set's functions. @failed: out: the hook that failed, if known */
static struct ftrace_ops *hook_try(struct hook_set *set, unsigned int first,
				   unsigned int nr, const struct hook **failed)
{
	struct ftrace_ops *ops = kzalloc(sizeof(*ops), GFP_KERNEL);
	unsigned int i;
	int ret;

	*failed = NULL;
	if (!ops)
		return ERR_PTR(-ENOMEM);
	for (i = first; i < first + nr; i++) {
		if (!set->hooks[i].addr)
			continue;
		ret = ftrace_set_filter_ip(ops, set->hooks[i].addr, 0, 0);
		if (ret) {
			*failed = &set->hooks[i];
			goto free_ops;
		}
	}
	ret = hook_register(set, ops);
	if (!ret)
		return ops;
free_ops:
	ftrace_free_filter(ops);
	kfree(ops);
	return ERR_PTR(ret);
}

/* The kernel does not say which function failed: hook them one by one to find it. */
static const struct hook *hook_find_failed(struct hook_set *set)
{
	const struct hook *failed;
	struct ftrace_ops *ops;
	unsigned int i;

	for (i = 0; i < set->nr; i++) {
		if (!set->hooks[i].addr)
			continue;
		ops = hook_try(set, i, 1, &failed);
		if (IS_ERR(ops))
			return &set->hooks[i];
		hook_unregister(set, ops);
	}
	return NULL;
}

static void hook_resolve_name(struct hook *hook)
{
	unsigned int i;

	for (i = 0; i < HOOK_NAMES && hook->names[i]; i++) {
		hook->name = hook->names[i];
		hook->addr = symbols_find(hook->name);
		if (hook->addr)
			return;
	}
	for (i = 0; i < HOOK_NAMES && hook->names[i]; i++) {
		hook->addr = symbols_find_copy(hook->names[i], hook->copy,
					       sizeof(hook->copy));
		if (hook->addr) {
			hook->name = hook->copy;
			return;
		}
	}
	hook->name = hook->names[0];
}

/* Find a hook's function. Return: false if it is needed and the kernel has none. */
static bool hook_resolve(struct hook *hook)
{
	unsigned int i;

	hook->size = 0;
	hook_resolve_name(hook);
	if (hook->left_out) {
		hook->addr = 0;
		return true;
	}
	if (!hook->addr)
		return hook->optional;
	hook->size = symbols_size(hook->addr, NULL);
	for (i = 0; i < HOOK_TAILS && hook->tails[i]; i++) {
		hook->tail_addr[i] = symbols_find(hook->tails[i]);
		if (hook->tail_addr[i])
			hook->tail_size[i] = symbols_size(hook->tail_addr[i],
							  NULL);
	}
	return true;
}

/* Add a trampoline to trampolines[]. Return: 0, or -ENOSPC if that is full. */
static int hook_note(const struct hook_trampoline *trampoline)
{
	unsigned int i;

	lockdep_assert_held(&hook_lock);
	for (i = 0; i < ARRAY_SIZE(trampolines); i++) {
		if (!trampolines[i])
			WRITE_ONCE(trampolines[i], trampoline);
		if (trampolines[i] == trampoline)
			return 0;
	}
	return -ENOSPC;
}

/* From now on hook_find() finds the set. */
static int hook_list(struct hook_set *set)
{
	int ret = 0;

	mutex_lock(&hook_lock);
	if (set->trampoline)
		ret = hook_note(set->trampoline);
	if (!ret)
		list_add_tail_rcu(&set->list, &hook_sets);
	mutex_unlock(&hook_lock);
	return ret;
}

static void hook_unlist(struct hook_set *set)
{
	mutex_lock(&hook_lock);
	list_del_rcu(&set->list);
	mutex_unlock(&hook_lock);
	synchronize_rcu();
}

/**
 * hook_place() - hook the functions of a set
 * @set: its hooks have names, "function" or "module:function". If it has a
 *	 trampoline, its functions are wrapped: hook_entry.h says which functions
 *	 that can be. A function that is diverted returns nothing.
 *
 * Context: process context, sleeps.
 * Return: 0, or an error, which is logged with the function's name: -ENOENT if
 * the kernel has no such function; -EINVAL if ftrace can't hook it; -EBUSY if
 * another user, whom the log names, has hooked it in a way that excludes ours,
 * or if kernel.ftrace_enabled is 0; -ENOSPC if there are too many trampolines.
 */
int hook_place(struct hook_set *set)
{
	const struct hook *failed;
	struct ftrace_ops *ops;
	char holder[256] = "";
	bool any = false;
	unsigned int i;
	int ret;

	for (i = 0; i < set->nr; i++) {
		if (!hook_resolve(&set->hooks[i])) {
			ops = ERR_PTR(-ENOENT);
			failed = &set->hooks[i];
			goto fail;
		}
		any |= set->hooks[i].addr;
	}
	if (!any)
		return 0;
	ret = hook_list(set);
	if (ret) {
		ops = ERR_PTR(ret);
		failed = &set->hooks[0];
		goto fail;
	}
	ops = hook_try(set, 0, set->nr, &failed);
	if (!IS_ERR(ops)) {
		set->ops = ops;
		return 0;
	}
	if (!failed)
		failed = hook_find_failed(set);
	hook_unlist(set);
fail:
	set->failed = failed;
	if (failed && PTR_ERR(ops) == -EBUSY)
		holder_describe(failed->addr, holder, sizeof(holder));
	pr_err("cannot hook %s (%ld)%s%s\n", failed ? failed->name : "functions",
	       PTR_ERR(ops), *holder ? ": " : "", holder);
	return PTR_ERR(ops);
}

/**
 * hook_remove() - undo hook_place()
 * @set: a set, in place or not
 *
 * On return no thread enters a trampoline or a callback of the set any more, unless
 * ftrace has failed, and no caller of hook_find() uses its hooks. A thread may still
 * be inside a trampoline and the wrapped function: hook_drain() waits for it.
 *
 * Context: process context, sleeps.
 */
void hook_remove(struct hook_set *set)
{
	if (!set->ops)
		return;
	hook_unregister(set, set->ops);
	set->ops = NULL;
	hook_unlist(set);
}

/**
 * hook_find() - find the hook of the function that an address is in
 * @trampoline: look at sets with this trampoline
 * @ip: the address
 *
 * Context: any, preemption off; the result is valid until preemption is on again.
 * Return: the hook; or NULL, also for a function that was unhooked just now.
 */
struct hook *hook_find(const struct hook_trampoline *trampoline,
		       unsigned long ip)
{
	struct hook_set *set;
	struct hook *hook;

	list_for_each_entry_rcu(set, &hook_sets, list, true) {
		if (set->trampoline != trampoline)
			continue;
		for (hook = set->hooks; hook < set->hooks + set->nr; hook++)
			if (hook_covers(hook, ip))
				return hook;
	}
	return NULL;
}

/* Whether an address is in a hooked function, or in a function that it ends in. */
static bool hook_covers_tails(const struct hook *hook, unsigned long ip)
{
	return hook_covers(hook, ip) ||
	       ip - hook->tail_addr[0] < hook->tail_size[0] ||
	       ip - hook->tail_addr[1] < hook->tail_size[1];
}

/* Whether an address is in a hooked function of some kinds. */
static bool hook_any_covers(unsigned long ip, void *kinds)
{
	const struct hook_set *set;
	const struct hook *hook;

	list_for_each_entry_rcu(set, &hook_sets, list, true) {
		if (!(set->kind & *(unsigned int *)kinds))
			continue;
		for (hook = set->hooks; hook < set->hooks + set->nr; hook++)
			if (hook_covers_tails(hook, ip))
				return true;
	}
	return false;
}

/* Return: the trampoline that an address is in, or NULL. */
static const struct hook_trampoline *hook_trampoline_at(unsigned long ip)
{
	const struct hook_trampoline *trampoline;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(trampolines); i++) {
		trampoline = READ_ONCE(trampolines[i]);
		if (!trampoline)
			break;
		if (hook_is_in(trampoline, ip))
			return trampoline;
	}
	return NULL;
}

/* The state of a walk over one stack, innermost frame first. */
struct bare {
	unsigned int kinds;
	/* What the previous frame was. */
	enum { BODY, WAITS, UNDECIDED } trampoline;
	/* A hooked function in the previous frame, not known to be covered, or 0. */
	unsigned long function;
	/* A hooked function that will not return to a trampoline, or 0. */
	unsigned long found;
};

/*
 * A hooked function that returns to a trampoline has, below its own frame, the frame
 * of a trampoline that waits for it. Below that is the function's first instruction,
 * which called the trampoline. If a trampoline's frame is there and does not wait,
 * enter() has not returned yet, or has returned 0: that can't be told.
 */
static bool bare_look(unsigned long ip, void *arg)
{
	const struct hook_trampoline *trampoline = hook_trampoline_at(ip);
	struct bare *bare = arg;

	if (trampoline) {
		bare->trampoline = ip == trampoline->waiting ? WAITS : UNDECIDED;
		if (bare->trampoline == WAITS)
			bare->function = 0;
		return true;
	}
	bare->found = bare->function;
	bare->function = 0;
	if (bare->trampoline != WAITS && hook_any_covers(ip, &bare->kinds)) {
		if (bare->trampoline == UNDECIDED)
			bare->found = ip;
		else
			bare->function = ip;
	}
	bare->trampoline = BODY;
	return !bare->found;
}

/*
 * Whether a thread is inside a hooked function of some kinds and will not return to a
 * trampoline, or is about to enter one like that. Return: where, or 0.
 */
static unsigned long hook_bare(struct task_struct *task, void *kinds)
{
	struct bare bare = { .kinds = *(unsigned int *)kinds };

	if (!stacks_walk(task, bare_look, &bare))
		return stacks_word(task, hook_any_covers, kinds);
	return bare.found ?: bare.function;
}

/**
 * hook_settle() - wait until no thread is inside a hooked function without a
 *		   trampoline frame below it
 * @kinds: wait for the functions of sets of these kinds
 * @interruptible: whether a signal ends the wait
 *
 * A thread has no such frame if it was inside the function when that was hooked, or
 * if enter() returned 0. The caller has made sure that enter() does not return 0 any
 * more for what matters, so these threads only become fewer. A thread may take long:
 * it may sleep in a page fault on a user's buffer whose storage is slow.
 *
 * Context: process context, sleeps. Cost: see stacks_wait().
 * Return: 0, or -EINTR if a signal came.
 */
int hook_settle(unsigned int kinds, bool interruptible)
{
	return stacks_wait(hook_bare, &kinds, "the functions that are hooked",
			   interruptible);
}

static bool hook_is_ours(unsigned long ip, void *unused)
{
	return hook_trampoline_at(ip) || compat_is_own_text(ip);
}

static bool ours_look(unsigned long ip, void *found)
{
	if (hook_is_ours(ip, NULL))
		*(unsigned long *)found = ip;
	return !*(unsigned long *)found;
}

/* Whether a thread will return to the module's text. Return: where, or 0. */
static unsigned long hook_inside(struct task_struct *task, void *unused)
{
	unsigned long found = 0;

	if (!stacks_walk(task, ours_look, &found))
		return stacks_word(task, hook_is_ours, NULL);
	return found;
}

/**
 * hook_drain() - wait until no other thread will return to the module's text
 *
 * Call after hook_remove() of the sets whose functions may sleep. A thread's stack
 * shows every return address into the module. There is one exception: a thread that
 * was preempted in ftrace, between a hooked function's first instruction and the
 * trampoline. synchronize_rcu_tasks() waits until that one has reached the
 * trampoline, and sleeps there or has left it.
 *
 * Context: process context, sleeps until the last one has left.
 */
void hook_drain(void)
{
	synchronize_rcu_tasks();
	stacks_wait(hook_inside, NULL, "pmem_pks", false);
}

/**
 * hook_exit() - the last step of the module's exit, or of its failed init
 *
 * The kernel frees the module as soon as its exit or init returns. If ftrace could
 * not remove a hook, a function still calls the module. Then this does not return:
 * it ends the process that loads or removes the module, as if killed. The module
 * stays in memory, as a module does whose exit has oopsed. All else is undone, so
 * its hooks do nothing.
 *
 * Context: process context, no lock held.
 */
void hook_exit(void)
{
	/* NULL if the driver is built in: then no code is freed. */
	const struct module *module = THIS_MODULE;

	if (!hook_stuck || !module)
		return;
	/* The kernel panics if its init process ends. */
	while (is_global_init(current))
		schedule_timeout_idle(MAX_SCHEDULE_TIMEOUT);
	kernel_do_group_exit(SIGKILL);
}
