// SPDX-License-Identifier: GPL-2.0
/*
 * Finds what holds a function that could not be hooked, for the line in the log.
 *
 * ftrace lets only one user divert a function (IPMODIFY: live patches, modules,
 * kprobes with a post_handler), and only one be called directly from it (BPF
 * programs, modules). Each of them excludes our hook. They are found in the kernel's
 * own lists, which are not exported, so symbols.c looks these up by name. What a
 * kernel does not have, or what ends meanwhile, is left out of the line.
 *
 * Context: process context, sleeps. Only called if hook_place() fails.
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

/* The text so far. */
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

/* Name the owner of the code at an address, by its symbol "function [module]". */
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

/* Name the first process with a file of a link. A pinned link may have none. */
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

/* Name the BPF programs that are attached to the function. Return: their number. */
static unsigned int holder_say_bpf(struct holder_text *text, unsigned long addr)
{
	const struct bpf_tracing_link *tracing;
	struct bpf_link *link;
	unsigned int nr = 0;
	u32 id;

	for (id = 0;; id++) {
		link = kernel_bpf_link_get_curr_or_next(&id);
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
		kernel_bpf_link_put(link);
	}
}

#if IS_ENABLED(CONFIG_LIVEPATCH)
/* Name the live patches of the function. Return: whether there are any. */
static bool holder_say_patch(struct holder_text *text, unsigned long addr)
{
	struct klp_object *object;
	struct klp_patch *patch;
	struct klp_func *func;
	bool found = false;

	if (!symbols.klp_patches || !symbols.klp_mutex)
		return false;
	mutex_lock(symbols.klp_mutex);
	list_for_each_entry(patch, symbols.klp_patches, list)
		klp_for_each_object(patch, object)
			klp_for_each_func(object, func) {
				if (!func->patched ||
				    (unsigned long)func->old_func != addr)
					continue;
				holder_say(text, "%sthe live patch %s",
					   found ? ", " : "", patch->mod->name);
				found = true;
			}
	mutex_unlock(symbols.klp_mutex);
	return found;
}
#else
static bool holder_say_patch(struct holder_text *text, unsigned long addr)
{
	return false;
}
#endif

/* Find the user that diverts a function. Return: its callback, or 0. */
static unsigned long holder_diverts(unsigned long ip)
{
	unsigned long func = 0;
	struct ftrace_ops *ops;

	if (!symbols.ftrace_ops_list || !symbols.ftrace_lock ||
	    !symbols.ftrace_ops_test)
		return 0;
	mutex_lock(symbols.ftrace_lock);
	for (ops = *symbols.ftrace_ops_list; ops && !func;
	     ops = rcu_access_pointer(ops->next)) {
		if (!(ops->flags & FTRACE_OPS_FL_IPMODIFY))
			continue;
		/* The last argument must not be NULL, but is not used. */
		preempt_disable();
		if (kernel_ftrace_ops_test(ops, ip, ops))
			func = (unsigned long)ops->saved_func;
		preempt_enable();
	}
	mutex_unlock(symbols.ftrace_lock);
	return func;
}

/**
 * holder_describe() - describe what keeps us from hooking a function
 * @addr: the function's address
 * @buf: out: a phrase that follows "cannot hook <function> (<error>): "
 * @size: size of @buf in bytes
 *
 * Context: process context, sleeps.
 */
void holder_describe(unsigned long addr, char *buf, size_t size)
{
	struct holder_text text = { .buf = buf, .size = size };
	const int *enabled = symbols.ftrace_enabled;
	unsigned long ip, code, direct;

	ip = kernel_ftrace_location(addr);
	code = holder_diverts(ip);
	direct = kernel_ftrace_find_rec_direct(ip);

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
