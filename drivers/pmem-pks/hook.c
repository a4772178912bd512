// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel functions hooked by name, on a kernel that knows nothing of us.
 *
 * A set of hooks with a trampoline (hook_entry.S) wraps its functions at entry
 * and exit by an ftrace direct call. A set without one asks before a function
 * runs whether it is to run at all, by an ftrace callback that changes the
 * instruction pointer. That kind is registered as permanent: while it is there,
 * the kernel refuses kernel.ftrace_enabled=0, which would switch off both.
 *
 * Process context throughout, but for the callback itself.
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

static unsigned long lookup_name;
/* Those in place. hook_lock orders the changes. */
static LIST_HEAD(hook_sets);
static DEFINE_MUTEX(hook_lock);
/* Some could not be removed. */
static bool hook_stuck;

/**
 * hook_symbol() - the address of a kernel symbol that is not exported
 * @name: the symbol, function or data
 *
 * Return: the address, or 0.
 */
unsigned long hook_symbol(const char *name)
{
	return hook_call(lookup_name, (unsigned long)name, 0, 0, 0);
}

/**
 * hook_symbol_size() - how long a function is, by the kernel's table of symbols
 * @addr: its first address
 * @module: out: the module that it is in, "" for none; of MODULE_NAME_LEN, or NULL
 *
 * Return: the bytes to the next symbol, or 0.
 */
unsigned long hook_symbol_size(unsigned long addr, char *module)
{
	char text[KSYM_SYMBOL_LEN];
	unsigned long size;
	char *at;

	/* name+0x0/0x<size>, and [<module>] if there is one. */
	sprint_symbol(text, addr);
	at = strchr(text, '/');
	if (!at || sscanf(at, "/0x%lx", &size) != 1)
		return 0;
	if (module) {
		*module = '\0';
		at = strchr(at, '[');
		if (at) {
			at[strcspn(at, "]")] = '\0';
			strscpy(module, at + 1, MODULE_NAME_LEN);
		}
	}
	return size;
}

/**
 * hook_functions_find() - find functions of the kernel's
 * @functions: their names; out: where they are
 * @nr: how many
 *
 * Return: whether there is one of them at least.
 */
bool __init hook_functions_find(struct hook_function *functions, size_t nr)
{
	bool any = false;

	for (; nr; nr--, functions++) {
		functions->addr = hook_symbol(functions->name);
		if (!functions->addr)
			continue;
		functions->size = hook_symbol_size(functions->addr, NULL);
		any = true;
	}
	return any;
}

/**
 * hook_is_in_functions() - whether an address lies in one of some functions
 * @functions: what hook_functions_find() was given
 * @nr: how many
 * @ip: the address
 *
 * Context: any.
 */
bool hook_is_in_functions(const struct hook_function *functions, size_t nr,
			  unsigned long ip)
{
	for (; nr; nr--, functions++)
		if (ip - functions->addr < functions->size)
			return true;
	return false;
}

/**
 * hook_name_of() - name an address in what people read
 * @addr: of code, or where code was
 * @text: room for it, KSYM_SYMBOL_LEN bytes
 *
 * Never the address itself, which %pS prints where no symbol covers it, as in a
 * kprobe's copy of an instruction, or a module that has gone.
 *
 * Context: any.
 * Return: @text: "function+offset/size [module]", or "an unknown address".
 */
const char *hook_name_of(unsigned long addr, char *text)
{
	sprint_symbol(text, addr);
	/* No symbol begins with a digit. */
	if (isdigit(*text))
		strscpy(text, "an unknown address", KSYM_SYMBOL_LEN);
	return text;
}

/**
 * hook_covers() - whether an address is inside a hooked function
 * @hook: the hook
 * @ip: the address
 */
bool hook_covers(const struct hook *hook, unsigned long ip)
{
	return ip - hook->addr < hook->size;
}

/* Preemption off; in any context, as the diverted function is. */
static void hook_divert(unsigned long ip, unsigned long parent_ip,
			struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);

	if (hook_from(ops->private, ip)->handle(regs->di, regs->si, regs->dx))
		regs->ip = (unsigned long)hook_nothing;
}

static int hook_register(struct hook_set *set, struct ftrace_ops *ops)
{
	if (set->trampoline)
		return compat_register_direct(ops, set->trampoline);
	ops->func = hook_divert;
	ops->private = set;
	ops->flags |= FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_IPMODIFY |
		      FTRACE_OPS_FL_PERMANENT;
	return register_ftrace_function(ops);
}

/*
 * ftrace removes nothing any more once it has found a fault in itself, and the
 * functions go on calling us. What they call must stay: their ftrace_ops, and
 * the module. Its reference can't be had when it is going: see hook_exit().
 */
static void hook_unregister(struct hook_set *set, struct ftrace_ops *ops)
{
	int ret = set->trampoline ?
		  compat_unregister_direct(ops, set->trampoline) :
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

/* Hook some of a set's functions. @failed: out, the one at fault, or NULL. */
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

/* The kernel does not say which function could not be hooked. */
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

static bool hook_resolve(struct hook *hook)
{
	unsigned int i;

	hook->addr = hook->left_out ? 0 : hook_symbol(hook->name);
	if (!hook->addr && hook->alias && !hook->left_out) {
		hook->addr = hook_symbol(hook->alias);
		if (hook->addr)
			hook->name = hook->alias;
	}
	if (!hook->addr) {
		hook->size = 0;
		return hook->optional || hook->left_out;
	}
	hook->size = hook_symbol_size(hook->addr, NULL);
	for (i = 0; i < ARRAY_SIZE(hook->tails) && hook->tails[i]; i++) {
		hook->tail_addr[i] = hook_symbol(hook->tails[i]);
		if (hook->tail_addr[i])
			hook->tail_size[i] =
				hook_symbol_size(hook->tail_addr[i], NULL);
	}
	return true;
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
 * @set: its hooks have their names, "function" or "module:function", and its
 *	 trampoline is set if they are to be wrapped. What hook_entry.S says of
 *	 the functions holds; those that are diverted return nothing.
 *
 * Return: 0, or an error that was logged with the function's name: -ENOENT when
 * the kernel has no such function, -EINVAL when ftrace can't hook it, -EBUSY when
 * somebody else, whom the log names, has hooked it in a way that excludes ours,
 * or kernel.ftrace_enabled is 0.
 */
int hook_place(struct hook_set *set)
{
	const struct hook *failed;
	struct ftrace_ops *ops;
	char holder[256] = "";
	bool any = false;
	unsigned int i;

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
	/* A trampoline looks for its function there. */
	mutex_lock(&hook_lock);
	list_add_tail_rcu(&set->list, &hook_sets);
	mutex_unlock(&hook_lock);
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
 * On return no thread enters a trampoline or a callback of it any more, unless
 * ftrace has failed, and hook_find() has no user of it left. Threads may still be
 * in a trampoline and the wrapped function: hook_drain() tells when they have left.
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
 * hook_find() - the hook of the function that an address is in
 * @trampoline: of sets with this trampoline
 * @ip: the address
 *
 * Context: any, preemption off; the result is valid until it is on again.
 * Return: the hook, or NULL, also for a function that was hooked until just now.
 */
struct hook *hook_find(void (*trampoline)(void), unsigned long ip)
{
	struct hook_set *set;
	struct hook *hook;

	list_for_each_entry_rcu(set, &hook_sets, list, true) {
		if (set->trampoline != (unsigned long)trampoline)
			continue;
		for (hook = set->hooks; hook < set->hooks + set->nr; hook++)
			if (hook_covers(hook, ip))
				return hook;
	}
	return NULL;
}

/* Whether an address is in a function, or in what that ends in. */
static bool hook_covers_tails(const struct hook *hook, unsigned long ip)
{
	return hook_covers(hook, ip) ||
	       ip - hook->tail_addr[0] < hook->tail_size[0] ||
	       ip - hook->tail_addr[1] < hook->tail_size[1];
}

/* Whether an address is in a function of a kind. */
static bool hook_any_covers(unsigned long ip, void *kind)
{
	const struct hook_set *set;
	const struct hook *hook;

	list_for_each_entry_rcu(set, &hook_sets, list, true) {
		if (set->kind != *(enum hook_kind *)kind)
			continue;
		for (hook = set->hooks; hook < set->hooks + set->nr; hook++)
			if (hook_covers_tails(hook, ip))
				return true;
	}
	return false;
}

static bool hook_in_trampoline(unsigned long ip)
{
	return ip >= (unsigned long)hook_writer_trampoline &&
	       ip < (unsigned long)hook_trampolines_end;
}

/* Whether a trampoline waits there for its function. */
static bool hook_is_waiting(unsigned long ip)
{
	const unsigned long *at;

	for (at = hook_waiting; at < hook_waiting_end; at++)
		if (*at == ip)
			return true;
	return false;
}

/* What has been seen on a stack so far. */
struct bare {
	enum hook_kind kind;
	/* The frame before this one. */
	enum { BODY, WAITS, UNDECIDED } trampoline;
	/* A function whose frame was the last one, and is not known to be covered. */
	unsigned long function;
	unsigned long found;
};

/*
 * Who returns to us has, under the frame of the function, that of a trampoline which
 * waits for it, and under that one the function's first instruction, which called
 * the trampoline. A trampoline that does not wait has asked already whether there is
 * something to be done, or will ask: nobody knows.
 */
static bool bare_look(unsigned long ip, void *arg)
{
	struct bare *bare = arg;

	if (hook_in_trampoline(ip)) {
		bare->trampoline = hook_is_waiting(ip) ? WAITS : UNDECIDED;
		if (bare->trampoline == WAITS)
			bare->function = 0;
		return true;
	}
	bare->found = bare->function;
	bare->function = 0;
	if (bare->trampoline != WAITS && hook_any_covers(ip, &bare->kind)) {
		if (bare->trampoline == UNDECIDED)
			bare->found = ip;
		else
			bare->function = ip;
	}
	bare->trampoline = BODY;
	return !bare->found;
}

/*
 * Whether a thread is in a hooked function of a kind and will not return to us, or
 * is about to be. Return: where, or 0.
 */
static unsigned long hook_bare(struct task_struct *task, void *kind)
{
	struct bare bare = { .kind = *(enum hook_kind *)kind };

	if (!stacks_walk(task, bare_look, &bare))
		return stacks_word(task, hook_any_covers, kind);
	return bare.found ?: bare.function;
}

/**
 * hook_settle() - wait until each thread in a hooked function will return to us
 * @kind: of the sets of this kind
 * @interruptible: whether a signal ends it
 *
 * Who was in one when it was hooked, or had nothing to be done for it when it
 * came in, will not. From now on something is to be done for whoever comes in, so
 * that they only become fewer. It may be long in there: asleep in a page fault on
 * a user's buffer, whose storage is slow.
 *
 * Return: 0, or -EINTR when a signal came.
 */
int hook_settle(enum hook_kind kind, bool interruptible)
{
	return stacks_wait(hook_bare, &kind, "the functions that are hooked",
			   interruptible);
}

static bool hook_is_ours(unsigned long ip, void *unused)
{
	return hook_in_trampoline(ip) || compat_is_own_text(ip);
}

static bool ours_look(unsigned long ip, void *found)
{
	if (hook_is_ours(ip, NULL))
		*(unsigned long *)found = ip;
	return !*(unsigned long *)found;
}

/* Whether a thread comes back to our text. Return: where, or 0. */
static unsigned long hook_inside(struct task_struct *task, void *unused)
{
	unsigned long found = 0;

	if (!stacks_walk(task, ours_look, &found))
		return stacks_word(task, hook_is_ours, NULL);
	return found;
}

/**
 * hook_drain() - wait until no other thread comes back to our text
 *
 * After hook_remove() of the sets whose functions may sleep. Whatever a thread
 * has in there, or had and lost, its stack tells. That of one does not which was
 * preempted on its way from a hooked function's first instruction to us, in
 * ftrace: synchronize_rcu_tasks() waits until it has arrived, and is asleep or
 * through.
 *
 * Context: process context, sleeps until the last one has left.
 */
void hook_drain(void)
{
	synchronize_rcu_tasks();
	stacks_wait(hook_inside, NULL, "pmem_pks", false);
}

/**
 * hook_init() - find the kernel's table of symbols
 *
 * kallsyms_lookup_name() is not exported; a kprobe resolves any name.
 *
 * Return: 0, the error of register_kprobe(), or that of stacks_init().
 */
int __init hook_init(void)
{
	struct kprobe kp = { .symbol_name = "kallsyms_lookup_name" };
	int ret = register_kprobe(&kp);

	if (ret) {
		pr_err("cannot resolve kallsyms_lookup_name (%d)\n", ret);
		return ret;
	}
	lookup_name = (unsigned long)kp.addr;
	unregister_kprobe(&kp);
	return stacks_init();
}

/**
 * hook_exit() - the last step of the module's exit, or of its failed init
 *
 * The kernel frees the module as soon as that returns. While a function still
 * calls it, it must not return: the process that loads or removes the module
 * ends here, as if killed, and the module stays as it is: neither alive nor
 * gone, as one whose exit has oopsed. All else is undone, so that its hooks do
 * nothing. It holds no lock.
 */
void hook_exit(void)
{
	unsigned long exit = hook_symbol("do_group_exit");
	/* NULL in a kernel that has the driver built in: it frees no code. */
	const struct module *module = THIS_MODULE;

	if (!hook_stuck || !module)
		return;
	/* The kernel does not survive the end of its first process. */
	while (!exit || is_global_init(current))
		schedule_timeout_idle(MAX_SCHEDULE_TIMEOUT);
	hook_call(exit, SIGKILL, 0, 0, 0);
}
