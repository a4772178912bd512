// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel functions that legitimately write pmem through the kernel's mapping,
 * and the grants around them.
 *
 * If a function's destination is one of its arguments, the domain of that address is
 * granted from its entry to its exit. Other functions compute the destination. They
 * get a scope: the domain is granted when a store of their own to it faults
 * (writers_direct_store()). So what they call, a filesystem's block allocation for
 * example, gets no grant.
 *
 * All writes of the block layer (/dev/pmemN, filesystem metadata, page cache, whole
 * pages zeroed for DAX, recovery of poisoned blocks) reach pmem by
 * __memcpy_flushcache(), at most one page at a time.
 */
#include <linux/ctype.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <asm/unwind.h>

#include "internal.h"

/* Arguments in names.h that are not the number of the destination. */
#define WRITER_SCOPE	-1
#define WRITER_NOTE_PTE	-2
#define WRITER_NOTE_PMD	-3
/* The tokens of a scope and of a note. Any other token has a key and its mask. */
#define TOKEN_SCOPE	PKS_NR_KEYS
#define TOKEN_NOTE	(PKS_NR_KEYS + 1)

/*
 * The writers. The first two are used by the writes of applications: each has a
 * trampoline of its own, which knows the argument that is the destination.
 */
static struct hook block_writers[] = { NAMES_BLOCK_WRITERS(HOOK_ROW) };
static struct hook dax_writers[] = { NAMES_DAX_WRITERS(HOOK_ROW) };
static struct hook rare_writers[] = { NAMES_RARE_WRITERS(HOOK_ROW) };
static struct hook writecache_writers[] = { NAMES_WRITECACHE_WRITERS(HOOK_ROW) };
static struct hook pcache_writers[] = { NAMES_PCACHE_WRITERS(HOOK_ROW) };
static struct hook kvm_writers[] = { NAMES_KVM_WRITERS(HOOK_ROW) };

static struct hook_set writer_sets[] = {
	HOOK_SET(block_writers, &writers_block_trampoline, HOOK_WRITERS),
	HOOK_SET(dax_writers, &writers_dax_trampoline, HOOK_WRITERS),
	HOOK_SET(rare_writers, &writers_trampoline, HOOK_WRITERS),
	HOOK_SET(writecache_writers, &writers_trampoline, HOOK_WRITERS),
	HOOK_SET(pcache_writers, &writers_trampoline, HOOK_WRITERS),
	HOOK_SET(kvm_writers, &writers_trampoline, HOOK_WRITERS),
};

static struct hook note_functions[] = { NAMES_NOTES(HOOK_ROW) };

static struct hook_set note_hooks =
	HOOK_SET(note_functions, &writers_trampoline, HOOK_WRITERS);

#define ADDED_NAME	100

/* A writer that the administrator added. */
struct added {
	struct list_head list;
	struct hook_set set;
	struct hook hook;
	char name[ADDED_NAME];
};

static LIST_HEAD(added);
static unsigned int nr_added;
/* Orders the placing and removing of writers. */
static DEFINE_MUTEX(writers_lock);

static DEFINE_PER_CPU(u64, block_hits);
static DEFINE_PER_CPU(u64, dax_hits);

/* The trampolines call the functions below directly: hence __noendbr. */
static __always_inline unsigned long writer_open(unsigned long dst,
						 struct grant *record,
						 u64 __percpu *hits)
{
	const struct domain_range *r;
	unsigned long token = 0;

	preempt_disable();
	if (domain_find(dst, &r)) {
		/* Key and mask are adjacent in memory: this is one load. */
		token = r->key | (u64)r->mask << 32;
		if (hits)
			__this_cpu_inc(*hits);
		grant_open_writer(r->key, r->mask, record);
	}
	preempt_enable();
	return token;
}

/**
 * writer_enter_block() - the trampoline's call before __memcpy_flushcache()
 * @dst: the destination
 * @record: room for a record in the trampoline's frame
 *
 * Context: that of the writer; any but NMI.
 * Return: a token for writer_exit_dst(); 0 if @dst is in no domain.
 */
__noendbr unsigned long writer_enter_block(unsigned long dst,
					   struct grant *record)
{
	return writer_open(dst, record, &block_hits);
}

/**
 * writer_enter_dax() - the trampoline's call before dax_copy_from_iter()
 * @dst: the destination
 * @record: room for a record in the trampoline's frame
 *
 * Context: that of the writer; any but NMI.
 * Return: a token for writer_exit_dst(); 0 if @dst is in no domain.
 */
__noendbr unsigned long writer_enter_dax(unsigned long dst,
					 struct grant *record)
{
	return writer_open(dst, record, &dax_hits);
}

/*
 * Called before vmf_insert_mixed_mkwrite(vma, addr, pfn), and before
 * vmf_insert_pfn_pmd(vmf, pfn, write), which is vmf_insert_pfn_pmd_prot(vmf, pfn,
 * prot, write) on 6.1.
 */
static void writer_note(const struct hook *hook, const unsigned long *args)
{
	bool newer = hook->name == hook->names[0];

	if (hook->dst_arg == WRITER_NOTE_PTE)
		page_note(compat_frame(args[2]), 1);
	else if ((bool)args[newer ? 2 : 3])
		page_note(compat_frame(args[1]), PTRS_PER_PMD);
}

/**
 * writer_enter() - the trampoline's call before any other hooked function
 * @args: the function's arguments
 * @ip: the address in the function that the trampoline was called from
 * @record: room for a record in the trampoline's frame
 *
 * Context: that of the writer, NMI included.
 * Return: a token for writer_exit(); 0 if there is nothing to do after the function.
 */
unsigned long writer_enter(const unsigned long *args, unsigned long ip,
			   struct grant *record)
{
	unsigned long token = 0;
	struct hook *hook;

	/* An NMI takes no grant: it may interrupt a change of one. */
	if (in_nmi())
		return 0;
	preempt_disable();
	hook = hook_find(&writers_trampoline, ip);
	if (hook && hook->dst_arg == WRITER_SCOPE) {
		atomic64_inc(&hook->hits);
		grant_scope_begin(record);
		token = TOKEN_SCOPE;
	} else if (hook && hook->dst_arg <= WRITER_NOTE_PTE) {
		writer_note(hook, args);
		token = TOKEN_NOTE;
	} else if (hook) {
		token = writer_open(args[hook->dst_arg], record, NULL);
		if (token)
			atomic64_inc(&hook->hits);
	}
	preempt_enable();
	return token;
}

/**
 * writer_exit_dst() - end the grant of a writer
 * @token: the token of the enter function
 * @record: the record that was passed to it
 *
 * Context: that of the writer.
 */
__noendbr void writer_exit_dst(unsigned long token, struct grant *record)
{
	preempt_disable();
	grant_close_writer((u32)token, token >> 32, record);
	preempt_enable();
}

/**
 * writer_exit() - the trampoline's call after such a function
 * @token: what writer_enter() returned
 * @record: the record that was passed to it
 *
 * Context: that of the writer.
 */
void writer_exit(unsigned long token, struct grant *record)
{
	if (token == TOKEN_SCOPE)
		grant_scope_end(record);
	else if (token != TOKEN_NOTE)
		writer_exit_dst(token, record);
}

/* The store may be in memset(), which the writer calls, or two calls deeper. */
#define STORE_DEPTH	3

/**
 * writers_direct_store() - check whether a store belongs to a writer with a scope
 * @regs: the registers of the store
 *
 * It does if the writer itself stores, or what it calls, at most STORE_DEPTH calls
 * deep. Such a writer has its trampoline below it on the stack, even if its hook was
 * removed meanwhile.
 *
 * Context: the page fault. Cost: the unwinding of up to STORE_DEPTH + 2 frames.
 * Return: whether it does.
 */
bool writers_direct_store(struct pt_regs *regs)
{
	struct unwind_state state;
	unsigned long ip;
	int depth;

	unwind_start(&state, current, regs, NULL);
	for (depth = 0; !unwind_done(&state) && depth <= STORE_DEPTH + 1;
	     depth++) {
		ip = unwind_get_return_address(&state);
		if (!ip)
			break;
		if (hook_is_in(&writers_trampoline, ip))
			return true;
		unwind_next_frame(&state);
	}
	return false;
}

/* Take a reference on a module. Return: false if it is not loaded, or is going. */
static bool writers_get_module(const char *name, struct module **module)
{
	preempt_disable();
	*module = kernel_find_module(name);
	if (*module && !try_module_get(*module))
		*module = NULL;
	preempt_enable();
	return *module;
}

/* Get the module of a set's functions. Return: false if they are in the kernel. */
static bool writers_module(const struct hook_set *set, char *module)
{
	const char *name = set->hooks[0].names[0];
	const char *colon = strchr(name, ':');

	if (colon)
		strscpy(module, name,
			min_t(size_t, colon - name + 1, MODULE_NAME_LEN));
	return colon;
}

/*
 * Hook a set's functions. If they are in a module that is not loaded, they are
 * hooked when it is. Return: 0 or an error.
 */
static int writers_place(struct hook_set *set)
{
	char name[MODULE_NAME_LEN];
	struct module *module;
	int ret;

	lockdep_assert_held(&writers_lock);
	if (set->ops)
		return 0;
	if (!writers_module(set, name))
		return hook_place(set);
	if (!writers_get_module(name, &module))
		return 0;
	ret = hook_place(set);
	module_put(module);
	return ret;
}

static bool writers_is_of(const struct hook_set *set, const char *module)
{
	char name[MODULE_NAME_LEN];

	return writers_module(set, name) && !strcmp(name, module);
}

/* Whether some of a module's writers could not be hooked. */
static bool writers_has_failed(const char *module)
{
	const struct added *a;
	int i;

	lockdep_assert_held(&writers_lock);
	for (i = 0; i < ARRAY_SIZE(writer_sets); i++)
		if (writer_sets[i].unhooked &&
		    writers_is_of(&writer_sets[i], module))
			return true;
	list_for_each_entry(a, &added, list)
		if (a->set.unhooked && writers_is_of(&a->set, module))
			return true;
	return false;
}

/* Let a module's stores through while some of its writers could not be hooked. */
static void writers_let_through(const struct hook_set *set)
{
	char name[MODULE_NAME_LEN];
	struct module *module;

	lockdep_assert_held(&writers_lock);
	if (!writers_module(set, name) || !writers_get_module(name, &module))
		return;
	unknown_unhooked(module, writers_has_failed(name));
	module_put(module);
}

/*
 * Hook a set of writers. A module's functions may be impossible to hook, as the
 * compiler has inlined one, or another user holds it. The module writes all the
 * same, so its stores are let through: no data may be lost.
 *
 * Return: 0 or an error. For functions of a module, the caller may ignore it.
 */
static int writers_place_known(struct hook_set *set)
{
	char name[MODULE_NAME_LEN];
	int ret = writers_place(set);

	lockdep_assert_held(&writers_lock);
	if (!writers_module(set, name))
		return ret;
	if (ret && !set->unhooked)
		pr_warn("writers of %s are not hooked: what it writes to pmem is let through\n",
			name);
	/*
	 * Before this, only unknown.c let stores through: wait for threads inside.
	 */
	if (!ret && set->unhooked)
		ret = hook_settle(HOOK_WRITERS, true);
	set->unhooked = ret;
	writers_let_through(set);
	return ret;
}

/* [module:]function */
static bool writers_is_name(const char *name)
{
	const char *colon = strchr(name, ':');
	const char *function = colon ? colon + 1 : name;

	if (!*function)
		return false;
	if (colon && (colon == name || colon - name >= MODULE_NAME_LEN))
		return false;
	for (; *name; name++)
		if (name != colon && !isalnum(*name) && !strchr("_.", *name))
			return false;
	return true;
}

/*
 * Add the module to a function's name, if it has none, so that the hook goes with
 * the module. Return: 0 or an error.
 */
static int writers_qualify(char *name, size_t size)
{
	char module[MODULE_NAME_LEN], *function;
	unsigned long addr;
	int ret = 0;

	if (strchr(name, ':'))
		return 0;
	addr = symbols_find(name);
	if (!addr)
		return -ENOENT;
	if (!symbols_size(addr, module))
		return -EINVAL;
	if (!*module)
		return 0;
	function = kstrdup(name, GFP_KERNEL);
	if (!function)
		return -ENOMEM;
	if (snprintf(name, size, "%s:%s", module, function) >= size)
		ret = -EINVAL;
	kfree(function);
	return ret;
}

/*
 * Return: the name that was found, or the newest kernel's if it was not looked up.
 */
static const char *writers_name(const struct hook *hook)
{
	return hook->name ?: hook->names[0];
}

static struct hook_set *writers_find_own(const char *name)
{
	int i, n;

	for (i = 0; i < ARRAY_SIZE(writer_sets); i++)
		for (n = 0; n < writer_sets[i].nr; n++)
			if (!strcmp(writers_name(&writer_sets[i].hooks[n]), name))
				return &writer_sets[i];
	return NULL;
}

/* @name: with or without its module */
static struct added *writers_find_added(const char *name)
{
	const char *colon;
	struct added *a;

	lockdep_assert_held(&writers_lock);
	list_for_each_entry(a, &added, list) {
		colon = strchr(a->name, ':');
		if (!strcmp(a->name, name) ||
		    (colon && !strcmp(colon + 1, name)))
			return a;
	}
	return NULL;
}

/* Add a writer that is on the list: try again if it could not be hooked. */
static int writers_add_again(struct hook_set *set, const char *name)
{
	lockdep_assert_held(&writers_lock);
	if (set->unhooked)
		return writers_place_known(set);
	pr_err("writers: %s is one already\n", name);
	return -EEXIST;
}

static int writers_add(const char *name)
{
	struct added *a = kzalloc(sizeof(*a), GFP_KERNEL), *same;
	struct hook_set *own;
	int ret;

	lockdep_assert_held(&writers_lock);
	if (!a)
		return -ENOMEM;
	strscpy(a->name, name, sizeof(a->name));
	ret = writers_qualify(a->name, sizeof(a->name));
	if (ret) {
		pr_err("writers: cannot find %s (%d)\n", name, ret);
		goto free_added;
	}
	own = writers_find_own(a->name);
	same = writers_find_added(a->name);
	if (own || same) {
		ret = writers_add_again(own ?: &same->set, a->name);
		goto free_added;
	}
	ret = -ENOSPC;
	if (nr_added == WRITERS_MAX) {
		pr_err("writers: %s would be more than %d\n", a->name,
		       WRITERS_MAX);
		goto free_added;
	}
	a->hook.names[0] = a->name;
	a->hook.dst_arg = WRITER_SCOPE;
	a->set = (struct hook_set){
		.hooks = &a->hook,
		.nr = 1,
		.trampoline = &writers_trampoline,
		.kind = HOOK_WRITERS,
	};
	ret = writers_place(&a->set);
	if (ret)
		goto free_added;
	list_add_tail(&a->list, &added);
	nr_added++;
	unknown_known(a->name);
	return 0;

free_added:
	if (!ret || ret == -EEXIST)
		unknown_known(a->name);
	kfree(a);
	return ret;
}

static int writers_del(const char *name)
{
	struct added *a = writers_find_added(name);

	lockdep_assert_held(&writers_lock);
	if (!a) {
		pr_err("writers: %s was not added\n", name);
		return -ENOENT;
	}
	hook_remove(&a->set);
	list_del(&a->list);
	nr_added--;
	writers_let_through(&a->set);
	kfree(a);
	return 0;
}

/**
 * writers_change() - add a writer, or remove one that was added
 * @change: "+[module:]function" or "-[module:]function"
 *
 * A function that is added may write pmem from its entry to its exit, itself or by
 * what it calls: see writers_direct_store(). If its module is not loaded, the
 * function is hooked when it is.
 *
 * Context: process context, sleeps.
 * Return: 0, or an error, which is logged in one line: -EINVAL if @change is
 * malformed, or the function can't be hooked; -ENOENT if the function does not
 * exist, or was not added; -EEXIST if it is a writer already; -ENOSPC if too many
 * were added; or an error of hook_place().
 */
int writers_change(const char *change)
{
	char name[ADDED_NAME], *colon;
	int ret;

	if ((*change != '+' && *change != '-') ||
	    strscpy(name, change + 1, sizeof(name)) < 0)
		goto malformed;
	/* modprobe and users write module names with '-' or '_'. */
	colon = strchr(name, ':');
	if (colon) {
		*colon = '\0';
		strreplace(name, '-', '_');
		*colon = ':';
	}
	if (!writers_is_name(name))
		goto malformed;
	mutex_lock(&writers_lock);
	ret = *change == '+' ? writers_add(name) : writers_del(name);
	mutex_unlock(&writers_lock);
	return ret;

malformed:
	pr_err("writers: \"%*pE\" is not +[module:]function or -[module:]function\n",
	       (int)strnlen(change, ADDED_NAME), change);
	return -EINVAL;
}

static u64 writers_hits(const struct hook *hook)
{
	u64 __percpu *hits = hook == block_writers ? &block_hits : &dax_hits;
	u64 sum = 0;
	int cpu;

	if (hook != block_writers && hook != dax_writers)
		return atomic64_read(&hook->hits);
	for_each_possible_cpu(cpu)
		sum += *per_cpu_ptr(hits, cpu);
	return sum;
}

/* Call a function for each writer, except optional ones that the kernel has not. */
static void writers_for_each(void (*func)(const struct hook_set *set,
					  const struct hook *hook, void *arg),
			     void *arg)
{
	const struct hook_set *set;
	struct added *a;
	int i;

	mutex_lock(&writers_lock);
	for (set = writer_sets; set < writer_sets + ARRAY_SIZE(writer_sets);
	     set++)
		for (i = 0; i < set->nr; i++)
			if (set->hooks[i].addr || !set->ops)
				func(set, &set->hooks[i], arg);
	list_for_each_entry(a, &added, list)
		func(&a->set, &a->hook, arg);
	mutex_unlock(&writers_lock);
}

/**
 * writers_count() - count the wrapped calls of a writer
 * @name: a function on the module's own list
 *
 * Context: any.
 * Return: the number of calls; 0 if the function is not on that list.
 */
u64 writers_count(const char *name)
{
	const struct hook_set *set = writers_find_own(name);
	int i;

	for (i = 0; set && i < set->nr; i++)
		if (!strcmp(writers_name(&set->hooks[i]), name))
			return writers_hits(&set->hooks[i]);
	return 0;
}

struct writers_text {
	char *buf;
	int len;
};

static void writers_show_name(const struct hook_set *set,
			      const struct hook *hook, void *arg)
{
	struct writers_text *text = arg;

	text->len += sysfs_emit_at(text->buf, text->len, "%s\n",
				   writers_name(hook));
}

/**
 * writers_show() - list the writers
 * @buf: a page, for sysfs: gets a line with a name for each
 *
 * Context: process context, sleeps.
 * Return: the length in bytes.
 */
int writers_show(char *buf)
{
	struct writers_text text = { .buf = buf };

	writers_for_each(writers_show_name, &text);
	return text.len;
}

static void writers_show_hit(const struct hook_set *set,
			     const struct hook *hook, void *m)
{
	seq_printf(m, "%s %llu%s\n", writers_name(hook), writers_hits(hook),
		   set->unhooked ? " not-hooked" :
		   set->ops ? "" : " not-loaded");
}

/**
 * writers_show_hits() - list the writers, with the number of their wrapped calls
 * @m: gets a line for each: the name, the number of calls, and "not-loaded" if its
 *     module is not loaded, or "not-hooked" if the function could not be hooked
 *
 * Context: process context, sleeps.
 */
void writers_show_hits(struct seq_file *m)
{
	writers_for_each(writers_show_hit, m);
}

/* Place or remove a set whose module comes or goes. */
static void writers_follow(struct hook_set *set, const char *module, bool comes)
{
	lockdep_assert_held(&writers_lock);
	if (!writers_is_of(set, module))
		return;
	if (comes) {
		writers_place_known(set);
	} else {
		hook_remove(set);
		set->unhooked = false;
	}
}

/*
 * A module's functions are hooked before the first of them runs, and unhooked before
 * they are freed.
 */
static int writers_module_event(struct notifier_block *nb, unsigned long event,
				void *data)
{
	const struct module *module = data;
	struct added *a;
	int i;

	unknown_module_event(module, event);
	if (event != MODULE_STATE_COMING && event != MODULE_STATE_GOING)
		return NOTIFY_OK;
	mutex_lock(&writers_lock);
	for (i = 0; i < ARRAY_SIZE(writer_sets); i++)
		writers_follow(&writer_sets[i], module->name,
			       event == MODULE_STATE_COMING);
	list_for_each_entry(a, &added, list)
		writers_follow(&a->set, module->name,
			       event == MODULE_STATE_COMING);
	mutex_unlock(&writers_lock);
	return NOTIFY_OK;
}

static struct notifier_block writers_modules = {
	.notifier_call = writers_module_event,
};

/**
 * writers_init() - hook the writers
 * @names: the administrator's writers, as in writers_change() without the sign
 * @nr: number of names
 *
 * Context: process context, sleeps.
 * Return: 0, or an error of register_module_notifier(), hook_place() or
 * writers_change().
 */
int __init writers_init(char **names, unsigned int nr)
{
	char change[ADDED_NAME + 1];
	int ret, i;

	ret = register_module_notifier(&writers_modules);
	if (ret)
		return ret;
	unknown_init();
	mutex_lock(&writers_lock);
	for (i = 0; i < ARRAY_SIZE(writer_sets) && !ret; i++) {
		ret = writers_place_known(&writer_sets[i]);
		if (writer_sets[i].unhooked)
			ret = 0;
	}
	mutex_unlock(&writers_lock);
	if (!ret)
		ret = hook_place(&note_hooks);
	for (i = 0; i < nr && !ret; i++) {
		snprintf(change, sizeof(change), "+%s", names[i]);
		ret = writers_change(change);
		/* It may write: that is no reason to leave pmem unprotected */
		if (ret == -EEXIST)
			ret = 0;
	}
	if (ret)
		writers_exit();
	return ret;
}

/**
 * writers_exit() - unhook the writers
 *
 * On return no thread is inside a trampoline, or will return to one.
 *
 * Context: process context; no leaf carries a key any more. Sleeps until the last
 * writer has returned.
 */
void writers_exit(void)
{
	struct added *a, *next;
	int i;

	unregister_module_notifier(&writers_modules);
	mutex_lock(&writers_lock);
	for (i = 0; i < ARRAY_SIZE(writer_sets); i++)
		hook_remove(&writer_sets[i]);
	list_for_each_entry_safe(a, next, &added, list)
		writers_del(a->name);
	mutex_unlock(&writers_lock);
	hook_remove(&note_hooks);
	unknown_exit();
	hook_drain();
	grant_drain();
	page_exit();
}
