// SPDX-License-Identifier: GPL-2.0
/*
 * Who holds a function that could not be hooked, for the log line that says so.
 *
 * ftrace lets one user alone divert a function (IPMODIFY: live patches, modules,
 * kprobes with a post_handler), and one alone be called from it directly (BPF
 * programs, modules). Each excludes us. They are looked up where the kernel
 * keeps them. It exports none of that, so it is found by name at run time. What
 * a kernel has not, or what goes meanwhile, is left out of the line.
 *
 * Process context, sleeps. Only the failure of hook_place() comes here.
 */
#include <linux/bpf.h>
#include <linux/err.h>
#include <linux/fdtable.h>
#include <linux/ftrace.h>
#include <linux/kallsyms.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/string.h>

#include "internal.h"

/* The line as it grows. */
struct holder_text {
	char *buf;
	size_t size;
	size_t len;
};

static __printf(2, 3) void holder_say(struct holder_text *text,
				      const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text->len += vscnprintf(text->buf + text->len, text->size - text->len,
				format, args);
	va_end(args);
}

/* Call a kernel function by its name. Return: 0 if there is none. */
static unsigned long holder_call(const char *name, unsigned long arg0,
				 unsigned long arg1, unsigned long arg2)
{
	unsigned long func = hook_symbol(name);

	return func ? hook_call(func, arg0, arg1, arg2, 0) : 0;
}

/* Whose code an address is, by its symbol: "function [module]". */
static void holder_say_code(struct holder_text *text, unsigned long addr)
{
	char symbol[KSYM_SYMBOL_LEN];
	char *module;

	sprint_symbol_no_offset(symbol, addr);
	module = strchr(symbol, '[');
	if (module) {
		symbol[strcspn(symbol, " ")] = '\0';
		module[strcspn(module, "]")] = '\0';
		holder_say(text, "the module %s (%s)", module + 1, symbol);
	} else if (!strcmp(symbol, "kprobe_ftrace_handler")) {
		holder_say(text, "a kprobe with a post_handler");
	} else if (symbol[0] == '0') {
		holder_say(text, "code that has no name");
	} else {
		holder_say(text, "%s()", symbol);
	}
}

static int holder_is_file(const void *link, struct file *file, unsigned int fd)
{
	return file->private_data == link;
}

/* The first process that has a file of it. None has one that is pinned. */
static void holder_say_process(struct holder_text *text, struct bpf_link *link)
{
	struct task_struct *task;
	int found;

	rcu_read_lock();
	for_each_process(task) {
		task_lock(task);
		found = iterate_fd(task->files, 0, holder_is_file, link);
		task_unlock(task);
		if (found) {
			holder_say(text, " of the process %s:%d", task->comm,
				   task_pid_nr(task));
			break;
		}
	}
	rcu_read_unlock();
}

/* The BPF programs whose links lead to the function. Return: how many. */
static unsigned int holder_say_bpf(struct holder_text *text, unsigned long addr)
{
	const struct bpf_tracing_link *tracing;
	struct bpf_link *link;
	unsigned int nr = 0;
	u32 id;

	for (id = 0;; id++) {
		link = (void *)holder_call("bpf_link_get_curr_or_next",
					   (unsigned long)&id, 0, 0);
		if (IS_ERR_OR_NULL(link))
			return nr;
		tracing = container_of(link, struct bpf_tracing_link,
				       link.link);
		if (link->type == BPF_LINK_TYPE_TRACING && tracing->trampoline &&
		    (unsigned long)tracing->trampoline->func.addr == addr) {
			holder_say(text, "%sthe BPF program %u (%s)",
				   nr++ ? ", " : "", link->prog->aux->id,
				   link->prog->aux->name);
			holder_say_process(text, link);
		}
		holder_call("bpf_link_put", (unsigned long)link, 0, 0);
	}
}

#if IS_ENABLED(CONFIG_LIVEPATCH)
/* Return: whether a live patch has the function. */
static bool holder_say_patch(struct holder_text *text, unsigned long addr)
{
	struct list_head *patches = (void *)hook_symbol("klp_patches");
	struct mutex *lock = (void *)hook_symbol("klp_mutex");
	struct klp_object *object;
	struct klp_patch *patch;
	struct klp_func *func;
	bool found = false;

	if (!patches || !lock)
		return false;
	mutex_lock(lock);
	list_for_each_entry(patch, patches, list)
		klp_for_each_object(patch, object)
			klp_for_each_func(object, func) {
				if (!func->patched ||
				    (unsigned long)func->old_func != addr)
					continue;
				holder_say(text, "%sthe live patch %s",
					   found ? ", " : "", patch->mod->name);
				found = true;
			}
	mutex_unlock(lock);
	return found;
}
#else
static bool holder_say_patch(struct holder_text *text, unsigned long addr)
{
	return false;
}
#endif

/* Who diverts the function. @ip: where ftrace has it. Return: the callback, or 0. */
static unsigned long holder_diverts(unsigned long ip)
{
	struct ftrace_ops **list = (void *)hook_symbol("ftrace_ops_list");
	struct mutex *lock = (void *)hook_symbol("ftrace_lock");
	unsigned long func = 0;
	struct ftrace_ops *ops;

	if (!list || !lock)
		return 0;
	mutex_lock(lock);
	for (ops = *list; ops && !func; ops = rcu_access_pointer(ops->next)) {
		if (!(ops->flags & FTRACE_OPS_FL_IPMODIFY))
			continue;
		/* It wants registers to be there, and does not look at them. */
		preempt_disable();
		if ((int)holder_call("ftrace_ops_test", (unsigned long)ops, ip,
				     (unsigned long)ops))
			func = (unsigned long)ops->saved_func;
		preempt_enable();
	}
	mutex_unlock(lock);
	return func;
}

/**
 * holder_describe() - say who keeps others from hooking a function
 * @addr: the function
 * @buf: out: a phrase that follows "cannot hook the function"
 * @size: its size
 */
void holder_describe(unsigned long addr, char *buf, size_t size)
{
	struct holder_text text = { .buf = buf, .size = size };
	const int *enabled = (int *)hook_symbol("ftrace_enabled");
	unsigned long ip, code, direct;

	ip = holder_call("ftrace_location", addr, 0, 0);
	code = holder_diverts(ip);
	direct = holder_call("ftrace_find_rec_direct", ip, 0, 0);

	if (!code && !direct) {
		holder_say(&text, "%s", enabled && !*enabled ?
			   "kernel.ftrace_enabled is 0" :
			   "somebody else had hooked it");
		return;
	}
	holder_say(&text, "held by ");
	if (code && !holder_say_patch(&text, addr))
		holder_say_code(&text, code);
	if (!code && !holder_say_bpf(&text, addr))
		holder_say_code(&text, direct);
}
