// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel functions hooked by name, on a kernel that knows nothing of us.
 *
 * hook_place() wraps a function at entry and exit by an ftrace direct call to a
 * trampoline (hook_entry.S). hook_divert() asks before a function runs whether
 * it is to run at all, by an ftrace callback that changes the instruction
 * pointer. The latter is registered as permanent: while it is there, the kernel
 * refuses kernel.ftrace_enabled=0, which would switch off both kinds.
 *
 * Process context throughout, but for the callback itself.
 */
#include <linux/delay.h>
#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/list.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/stop_machine.h>
#include <asm/unwind.h>

#include "compat.h"
#include "internal.h"

static unsigned long lookup_name;
/* Those in place. Changed by init and exit only. */
static LIST_HEAD(hooks);

/**
 * hook_symbol() - the address of a kernel symbol that is not exported
 * @name: the symbol, function or data
 *
 * Return: the address, or 0.
 */
unsigned long hook_symbol(const char *name)
{
	return hook_call(lookup_name, (unsigned long)name);
}

/**
 * hook_symbol_size() - how long a function is, by the kernel's table of symbols
 * @addr: its first address
 *
 * Return: the bytes to the next symbol, or 0.
 */
unsigned long hook_symbol_size(unsigned long addr)
{
	char text[KSYM_SYMBOL_LEN];
	unsigned long size;
	const char *slash;

	sprint_symbol(text, addr);
	slash = strchr(text, '/');
	if (!slash || sscanf(slash, "/0x%lx", &size) != 1)
		return 0;
	return size;
}

/**
 * hook_covers() - whether an address is inside a hooked function
 * @hook: a hook, in place or not
 * @ip: the address
 */
bool hook_covers(const struct hook *hook, unsigned long ip)
{
	return hook->addr && ip - hook->addr < hook->size;
}

static struct ftrace_ops *hook_ops(unsigned long addr)
{
	struct ftrace_ops *ops = kzalloc(sizeof(*ops), GFP_KERNEL);

	if (ops && ftrace_set_filter_ip(ops, addr, 0, 0)) {
		kfree(ops);
		return NULL;
	}
	return ops;
}

static void hook_free_ops(struct ftrace_ops *ops)
{
	ftrace_free_filter(ops);
	kfree(ops);
}

/**
 * hook_place() - wrap a function at entry and exit
 * @hook: name and trampoline are set
 *
 * Return: 0, or an error that was logged with the function's name: -ENOENT when
 * the kernel has no such function, -EBUSY when another direct call is there.
 */
int hook_place(struct hook *hook)
{
	unsigned long addr = hook_symbol(hook->name);
	int ret = -ENOENT;

	if (!addr && hook->alias)
		addr = hook_symbol(hook->alias);
	if (!addr)
		goto fail;
	hook->ops = hook_ops(addr);
	if (!hook->ops)
		goto fail;
	ret = compat_register_direct(hook->ops, hook->trampoline);
	if (ret) {
		hook_free_ops(hook->ops);
		goto fail;
	}
	hook->size = hook_symbol_size(addr);
	if (hook->tail) {
		hook->tail_addr = hook_symbol(hook->tail);
		hook->tail_size = hook_symbol_size(hook->tail_addr);
	}
	hook->addr = addr;
	list_add_tail(&hook->list, &hooks);
	return 0;

fail:
	pr_err("cannot hook %s (%d)%s\n", hook->name, ret,
	       ret == -EBUSY ? ": hooked by somebody else" : "");
	return ret;
}

/**
 * hook_remove() - undo hook_place()
 * @hook: a hook, in place or not
 *
 * On return no thread enters the trampoline any more. Threads may still be in
 * it and in the function: grant_drain() and synchronize_rcu_tasks() tell when
 * they have left.
 */
void hook_remove(struct hook *hook)
{
	if (!hook->addr)
		return;
	compat_unregister_direct(hook->ops, hook->trampoline);
	hook_free_ops(hook->ops);
	list_del(&hook->list);
	hook->addr = 0;
}

static bool hook_any_covers(unsigned long ip)
{
	struct hook *hook;

	list_for_each_entry(hook, &hooks, list)
		if (hook_covers(hook, ip) ||
		    (hook->tail && ip - hook->tail_addr < hook->tail_size))
			return true;
	return false;
}

static bool hook_in_trampoline(unsigned long ip)
{
	return ip >= (unsigned long)hook_writer_trampoline &&
	       ip < (unsigned long)hook_trampolines_end;
}

/*
 * Whether a stack has a frame of a hooked function that will not return to us.
 * Under one that will there is the trampoline's frame, and under that one the
 * function's first instruction, which called the trampoline.
 */
static bool hook_bare_on_stack(struct task_struct *task)
{
	bool function = false, trampoline = false;
	struct unwind_state state;
	unsigned long ip;

	for (unwind_start(&state, task, NULL, NULL); !unwind_done(&state);
	     unwind_next_frame(&state)) {
		ip = unwind_get_return_address(&state);
		if (!ip)
			break;
		if (hook_in_trampoline(ip)) {
			function = false;
			trampoline = true;
			continue;
		}
		if (function)
			return true;
		function = hook_any_covers(ip) && !trampoline;
		trampoline = false;
	}
	return function;
}

/* All CPUs stopped: nobody runs, nobody's stack changes or goes away. */
static int hook_count_bare(void *arg)
{
	struct task_struct *group, *task;
	unsigned int *count = arg;

	rcu_read_lock();
	for_each_process_thread(group, task) {
		if (task != current && refcount_read(&task->stack_refcount) &&
		    hook_bare_on_stack(task))
			++*count;
	}
	rcu_read_unlock();
	return 0;
}

/**
 * hook_settle() - wait until each thread in a hooked function will return to us
 *
 * Who was in one when it was hooked, or had nothing to be done for it when it
 * came in, will not. Nothing tells when such a thread leaves the function,
 * hence the polling. It may be long in there: asleep in a page fault on a
 * user's buffer, whose storage is slow.
 *
 * Return: 0, or -EINTR when a signal came.
 */
int hook_settle(void)
{
	bool told = false;

	for (;;) {
		unsigned int count = 0;

		stop_machine(hook_count_bare, &count, NULL);
		if (!count)
			return 0;
		if (msleep_interruptible(10))
			return -EINTR;
		if (!told)
			pr_info("waiting for %u thread(s) to leave the functions that are hooked\n",
				count);
		told = true;
	}
}

/* Preemption off; in any context, as the diverted function is. */
static void hook_divert_callback(unsigned long ip, unsigned long parent_ip,
				 struct ftrace_ops *ops,
				 struct ftrace_regs *fregs)
{
	struct hook_divert *divert = ops->private;
	struct pt_regs *regs = ftrace_get_regs(fregs);

	if (divert->handle(regs->di, regs->si, regs->dx))
		regs->ip = (unsigned long)hook_nothing;
}

/**
 * hook_divert() - be asked before a function runs whether it is to run
 * @divert: name and handle are set. handle() gets the function's first three
 *	    arguments, in the function's own context.
 *
 * Only for functions that return nothing.
 *
 * Return: 0, or an error that was logged with the function's name: -ENOENT when
 * the kernel has no such function, -EBUSY when somebody else diverts it or
 * kernel.ftrace_enabled is 0.
 */
int hook_divert(struct hook_divert *divert)
{
	unsigned long addr = hook_symbol(divert->name);
	int ret = -ENOENT;

	if (!addr)
		goto fail;
	divert->ops = hook_ops(addr);
	if (!divert->ops)
		goto fail;
	divert->ops->func = hook_divert_callback;
	divert->ops->private = divert;
	divert->ops->flags |= FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_IPMODIFY |
			      FTRACE_OPS_FL_PERMANENT;
	ret = register_ftrace_function(divert->ops);
	if (!ret)
		return 0;
	hook_free_ops(divert->ops);
	divert->ops = NULL;
fail:
	pr_err("cannot hook %s (%d)%s\n", divert->name, ret,
	       ret != -EBUSY ? "" :
	       ": hooked by somebody else, or kernel.ftrace_enabled is 0");
	return ret;
}

/**
 * hook_undivert() - undo hook_divert()
 * @divert: a hook, in place or not
 *
 * On return the callback runs nowhere.
 */
void hook_undivert(struct hook_divert *divert)
{
	if (!divert->ops)
		return;
	unregister_ftrace_function(divert->ops);
	hook_free_ops(divert->ops);
	divert->ops = NULL;
}

/**
 * hook_init() - find the kernel's table of symbols
 *
 * kallsyms_lookup_name() is not exported; a kprobe resolves any name.
 *
 * Return: 0, or the error of register_kprobe().
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
	return 0;
}
