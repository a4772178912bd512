// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel functions that legitimately write pmem through the kernel's
 * mapping, and the grants around them.
 *
 * Where a function gets its destination as an argument, the domain of that
 * address is granted from its entry to its exit. The others find it inside;
 * they get a scope, and the domain is granted when their own store to it faults
 * (writers_direct_store()). So nothing that they call, a filesystem's block
 * allocation for example, may write pmem on their account.
 *
 * The block layer's writes (/dev/pmemN, filesystem metadata, page cache, whole
 * pages zeroed for DAX, recovery of poisoned blocks) all reach pmem by
 * __memcpy_flushcache(), one page at the most.
 */
#include <linux/ctype.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pfn_t.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <asm/unwind.h>

#include "internal.h"

#define NO_ARG	-1
/*
 * No writers: they let a program write a page, or one of 2 MiB. page.c wants to
 * know of it.
 */
#define NOTE_PTE	-2
#define NOTE_PMD	-3
/* What writer_enter() returns for a scope, and for those; else it is the key. */
#define TOKEN_SCOPE	PKS_NR_KEYS
#define TOKEN_NOTE	(PKS_NR_KEYS + 1)

/*
 * dax_copy_from_iter() and dax_recovery_write() leave no frame of their own on
 * the stack, where hook_settle() would see it: they end in a jump to the copy
 * (pmem is always DAXDEV_NOCACHE), which nobody else uses.
 */
#define COPY	"_copy_from_iter_flushcache"
/* The latter by this one, which may sleep before it copies. */
#define RECOVERY	"nd_pmem:pmem_recovery_write"

/*
 * The two functions that the writes of applications go by, each of whose
 * trampoline knows which argument is the destination, and the rest.
 */
static struct hook block_writers[] = {
	{ .name = "__memcpy_flushcache" },
};

static struct hook dax_writers[] = {
	{ .name = "dax_copy_from_iter", .tails = { COPY } },
};

static struct hook rare_writers[] = {
	{ .name = "dax_recovery_write", .tails = { COPY, RECOVERY },
	  .dst_arg = 2 },
	{ .name = "dax_iomap_copy_around", .alias = "dax_iomap_cow_copy",
	  .dst_arg = 4 },
	{ .name = "dax_zero_range", .dst_arg = NO_ARG },
	{ .name = "dax_truncate_page", .dst_arg = NO_ARG },
	{ .name = "dax_file_unshare", .dst_arg = NO_ARG },
};

/*
 * dm-writecache keeps its metadata in pmem and stores to it wherever it changes,
 * by instructions of its own.
 */
#define WRITECACHE(function)						\
	{ .name = "dm_writecache:" function, .dst_arg = NO_ARG }

static struct hook writecache_writers[] = {
	WRITECACHE("writecache_ctr"),
	WRITECACHE("writecache_flush"),
	WRITECACHE("writecache_free_entry"),
	WRITECACHE("writecache_map"),
	WRITECACHE("writecache_resume"),
};

/*
 * KVM keeps kernel addresses of guest pages that it writes, without a reference
 * to the pages (gfn_to_pfn_cache), for its clock and what it emulates of Xen.
 */
static struct hook kvm_writers[] = {
	{ .name = "kvm:kvm_setup_guest_pvclock", .dst_arg = NO_ARG },
#define KVM_XEN(function)						\
	{ .name = "kvm:" function, .dst_arg = NO_ARG, .optional = true }
	KVM_XEN("kvm_xen_inject_pending_events"),
	KVM_XEN("kvm_xen_set_evtchn_fast"),
	KVM_XEN("kvm_xen_shared_info_init"),
	KVM_XEN("kvm_xen_update_runstate_guest"),
};

/*
 * dm-pcache, since 6.18: positions and generations of 16 bytes by instructions of
 * its own, zeroes by memset(). Which of these are functions of their own is up to
 * the compiler; what is in none of them is an unknown writer's (unknown.c).
 */
#define PCACHE(function)						\
	{ .name = "dm_pcache:" function, .dst_arg = NO_ARG, .optional = true }

static struct hook pcache_writers[] = {
	PCACHE("cache_dev_start"),
	PCACHE("cache_dev_zero_range"),
	PCACHE("cache_pos_encode"),
	PCACHE("cache_seg_ctrl_write"),
	PCACHE("cache_seg_init"),
	PCACHE("cache_seg_put"),
	PCACHE("segment_copy_from_bio"),
};

#define WRITER_SET(writers, count, entry)				\
	{								\
		.hooks = writers,					\
		.nr = count,						\
		.trampoline = (unsigned long)entry,			\
		.kind = HOOK_WRITERS,					\
	}

static struct hook_set writer_sets[] = {
	WRITER_SET(block_writers, ARRAY_SIZE(block_writers),
		   hook_block_trampoline),
	WRITER_SET(dax_writers, ARRAY_SIZE(dax_writers),
		   hook_dax_trampoline),
	WRITER_SET(rare_writers, ARRAY_SIZE(rare_writers),
		   hook_writer_trampoline),
	WRITER_SET(writecache_writers, ARRAY_SIZE(writecache_writers),
		   hook_writer_trampoline),
	WRITER_SET(pcache_writers, ARRAY_SIZE(pcache_writers),
		   hook_writer_trampoline),
	WRITER_SET(kvm_writers, ARRAY_SIZE(kvm_writers),
		   hook_writer_trampoline),
};

static const char insert_pmd_prot[] = "vmf_insert_pfn_pmd_prot";

static struct hook note_functions[] = {
	{ .name = "vmf_insert_mixed_mkwrite", .dst_arg = NOTE_PTE },
	{ .name = "vmf_insert_pfn_pmd", .alias = insert_pmd_prot,
	  .dst_arg = NOTE_PMD,
	  .optional = !IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE) },
};

static struct hook_set note_hooks =
	WRITER_SET(note_functions, ARRAY_SIZE(note_functions),
		   hook_writer_trampoline);

#define ADDED_NAME	100

/* What the administrator added. */
struct added {
	struct list_head list;
	struct hook_set set;
	struct hook hook;
	char name[ADDED_NAME];
};

static LIST_HEAD(added);
static unsigned int nr_added;
/* Orders what is placed and removed, by whom ever. */
static DEFINE_MUTEX(writers_lock);

static DEFINE_PER_CPU(u64, block_hits);
static DEFINE_PER_CPU(u64, dax_hits);

/*
 * These are called by the trampolines, directly (__noendbr), in the context of
 * the function. Return: a token for writer_exit(), 0 when there is nothing to
 * be undone.
 */
static __always_inline unsigned long writer_open(unsigned long dst,
						 struct grant *record,
						 u64 __percpu *hits)
{
	const struct domain_range *r;
	unsigned long token = 0;

	preempt_disable();
	if (domain_find(dst, &r)) {
		/* Key and mask, as they lie in memory: one load. */
		token = r->key | (u64)r->mask << 32;
		if (hits)
			__this_cpu_inc(*hits);
		grant_open_writer(r->key, r->mask, record);
	}
	preempt_enable();
	return token;
}

__noendbr unsigned long writer_enter_block(unsigned long dst,
					   struct grant *record)
{
	return writer_open(dst, record, &block_hits);
}

__noendbr unsigned long writer_enter_dax(unsigned long dst,
					 struct grant *record)
{
	return writer_open(dst, record, &dax_hits);
}

/*
 * Before vmf_insert_mixed_mkwrite(vma, addr, pfn), and vmf_insert_pfn_pmd(vmf, pfn,
 * write), which 6.1 has as vmf_insert_pfn_pmd_prot(vmf, pfn, prot, write).
 */
static void writer_note(const struct hook *hook, const unsigned long *args)
{
	if (hook->dst_arg == NOTE_PTE)
		page_note(args[2] & ~PFN_FLAGS_MASK, 1);
	else if ((bool)args[hook->name == insert_pmd_prot ? 3 : 2])
		page_note(args[1] & ~PFN_FLAGS_MASK, PTRS_PER_PMD);
}

unsigned long writer_enter(const unsigned long *args, unsigned long ip,
			   struct grant *record)
{
	unsigned long token = 0;
	struct hook *hook;

	/* An NMI takes no grant: it may interrupt a change of one. */
	if (in_nmi())
		return 0;
	preempt_disable();
	hook = hook_find(hook_writer_trampoline, ip);
	if (hook && hook->dst_arg == NO_ARG) {
		atomic64_inc(&hook->hits);
		grant_scope_begin(record);
		token = TOKEN_SCOPE;
	} else if (hook && hook->dst_arg <= NOTE_PTE) {
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

__noendbr void writer_exit_dst(unsigned long token, struct grant *record)
{
	preempt_disable();
	grant_close_writer((u32)token, token >> 32, record);
	preempt_enable();
}

void writer_exit(unsigned long token, struct grant *record)
{
	if (token == TOKEN_SCOPE)
		grant_scope_end(record);
	else if (token != TOKEN_NOTE)
		writer_exit_dst(token, record);
}

/* Calls from a writer to the store: it may be in memset(), or two deeper. */
#define STORE_DEPTH	3

/**
 * writers_direct_store() - whether a store is that of a writer with a scope
 * @regs: the registers of the store
 *
 * True for the store of one of the writers without a destination argument
 * itself, or of what it called, STORE_DEPTH calls deep at most. A writer has our
 * trampoline below it on the stack, also when it was removed meanwhile.
 *
 * Context: the page fault.
 */
bool writers_direct_store(struct pt_regs *regs)
{
	unsigned long start = (unsigned long)hook_writer_trampoline;
	unsigned long end = (unsigned long)hook_writer_trampoline_end;
	struct unwind_state state;
	unsigned long ip;
	int depth;

	unwind_start(&state, current, regs, NULL);
	for (depth = 0; !unwind_done(&state) && depth <= STORE_DEPTH + 1;
	     depth++) {
		ip = unwind_get_return_address(&state);
		if (!ip)
			break;
		if (ip >= start && ip < end)
			return true;
		unwind_next_frame(&state);
	}
	return false;
}

/* find_module() is not exported. */
static unsigned long find_module_addr;

/*
 * Keep a module from going. Return: false when it is not there, or is going.
 */
static bool writers_get_module(const char *name, struct module **module)
{
	preempt_disable();
	*module = (struct module *)hook_call(find_module_addr,
					     (unsigned long)name, 0, 0, 0);
	if (*module && !try_module_get(*module))
		*module = NULL;
	preempt_enable();
	return *module;
}

/* The module of a set's functions. Return: false if it is the kernel. */
static bool writers_module(const struct hook_set *set, char *module)
{
	const char *name = set->hooks[0].name;
	const char *colon = strchr(name, ':');

	if (colon)
		strscpy(module, name,
			min_t(size_t, colon - name + 1, MODULE_NAME_LEN));
	return colon;
}

/*
 * writers_lock held. Hook a set's functions, unless they are in a module that is
 * not there: then they are hooked when it comes. Return: 0 or an error.
 */
static int writers_place(struct hook_set *set)
{
	char name[MODULE_NAME_LEN];
	struct module *module;
	int ret;

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

/* writers_lock held. Whether some of a module's writers could not be hooked. */
static bool writers_has_failed(const char *module)
{
	const struct added *a;
	int i;

	for (i = 0; i < ARRAY_SIZE(writer_sets); i++)
		if (writer_sets[i].unhooked &&
		    writers_is_of(&writer_sets[i], module))
			return true;
	list_for_each_entry(a, &added, list)
		if (a->set.unhooked && writers_is_of(&a->set, module))
			return true;
	return false;
}

/* writers_lock held. Let a module's stores through while some have failed. */
static void writers_let_through(const struct hook_set *set)
{
	char name[MODULE_NAME_LEN];
	struct module *module;

	if (!writers_module(set, name) || !writers_get_module(name, &module))
		return;
	unknown_unhooked(module, writers_has_failed(name));
	module_put(module);
}

/*
 * writers_lock held. Hook a set's functions, known ones. If those of a module can't
 * be, as another kernel's compiler has inlined one, or somebody else holds it,
 * the module writes all the same, and nobody is to lose data for it.
 *
 * Return: 0 or an error, for those of a module one that nobody has to heed.
 */
static int writers_place_known(struct hook_set *set)
{
	char name[MODULE_NAME_LEN];
	int ret = writers_place(set);

	if (!writers_module(set, name))
		return ret;
	if (ret && !set->unhooked)
		pr_warn("writers of %s are not hooked: what it writes to pmem is let through\n",
			name);
	/* Who was in there has nothing else that lets him through. */
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
 * A function that was named without its module is called by its full name, so
 * that its hook goes with the module. Return: 0 or an error.
 */
static int writers_qualify(char *name, size_t size)
{
	char module[MODULE_NAME_LEN], *function;
	unsigned long addr;
	int ret = 0;

	if (strchr(name, ':'))
		return 0;
	addr = hook_symbol(name);
	if (!addr)
		return -ENOENT;
	if (!hook_symbol_size(addr, module))
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

static struct hook_set *writers_find_own(const char *name)
{
	int i, n;

	for (i = 0; i < ARRAY_SIZE(writer_sets); i++)
		for (n = 0; n < writer_sets[i].nr; n++)
			if (!strcmp(writer_sets[i].hooks[n].name, name))
				return &writer_sets[i];
	return NULL;
}

/* writers_lock held. @name: with its module or without. */
static struct added *writers_find_added(const char *name)
{
	const char *colon;
	struct added *a;

	list_for_each_entry(a, &added, list) {
		colon = strchr(a->name, ':');
		if (!strcmp(a->name, name) ||
		    (colon && !strcmp(colon + 1, name)))
			return a;
	}
	return NULL;
}

/* writers_lock held. One that is known: it may have failed until now. */
static int writers_add_again(struct hook_set *set, const char *name)
{
	if (set->unhooked)
		return writers_place_known(set);
	pr_err("writers: %s is one already\n", name);
	return -EEXIST;
}

/* writers_lock held. */
static int writers_add(const char *name)
{
	struct added *a = kzalloc(sizeof(*a), GFP_KERNEL), *same;
	struct hook_set *own;
	int ret;

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
	a->hook.name = a->name;
	a->hook.dst_arg = NO_ARG;
	a->set = (struct hook_set)WRITER_SET(&a->hook, 1,
					     hook_writer_trampoline);
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

/* writers_lock held. */
static int writers_del(const char *name)
{
	struct added *a = writers_find_added(name);

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
 * A function that is added may write pmem from its entry to its exit, itself or
 * by what it calls, see writers_direct_store(). If its module is not there, it is
 * hooked whenever that comes.
 *
 * Context: process context, sleeps.
 * Return: 0, or an error, which has one line in the log: -EINVAL for what is no
 * such name, or a function that can't be hooked; -ENOENT for one that does not
 * exist, or was not added; -EEXIST for one that is a writer already; -ENOSPC when
 * too many were added; those of hook_place().
 */
int writers_change(const char *change)
{
	char name[ADDED_NAME], *colon;
	int ret;

	if ((*change != '+' && *change != '-') ||
	    strscpy(name, change + 1, sizeof(name)) < 0)
		goto malformed;
	/* modprobe and users write the names of modules in either way. */
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

static int writers_show_set(const struct hook_set *set, char *buf, int len)
{
	const struct hook *hook;
	int start = len;

	for (hook = set->hooks; hook < set->hooks + set->nr; hook++)
		if (hook->addr || !set->ops)
			len += sysfs_emit_at(buf, len, "%s %llu%s\n",
					     hook->name, writers_hits(hook),
					     set->unhooked ? " not-hooked" :
					     set->ops ? "" : " not-loaded");
	return len - start;
}

/**
 * writers_show() - list the writers
 * @buf: a page, for sysfs: a line for each, its name, how many of its calls were
 *	 wrapped, and "not-loaded" if its module is not there, "not-hooked" if it
 *	 is and they could not be
 *
 * Context: process context, sleeps.
 * Return: the length.
 */
int writers_show(char *buf)
{
	struct added *a;
	int len = 0, i;

	mutex_lock(&writers_lock);
	for (i = 0; i < ARRAY_SIZE(writer_sets); i++)
		len += writers_show_set(&writer_sets[i], buf, len);
	list_for_each_entry(a, &added, list)
		len += writers_show_set(&a->set, buf, len);
	mutex_unlock(&writers_lock);
	return len;
}

/* writers_lock held. A set's module comes or goes. */
static void writers_follow(struct hook_set *set, const char *module, bool comes)
{
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
 * A module's functions can be hooked from before its first one runs, and have to
 * be let go before they are gone.
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
 * @names: the administrator's, as in writers_change() but for the sign
 * @nr: how many
 *
 * Return: 0, or the error of hook_place() or writers_change(); -ENOENT when the
 * kernel has no find_module().
 */
int __init writers_init(char **names, unsigned int nr)
{
	char change[ADDED_NAME + 1];
	int ret, i;

	find_module_addr = hook_symbol("find_module");
	if (!find_module_addr) {
		pr_err("cannot resolve find_module\n");
		return -ENOENT;
	}
	ret = register_module_notifier(&writers_modules);
	if (ret)
		return ret;
	ret = unknown_init();
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
	}
	if (ret)
		writers_exit();
	return ret;
}

/**
 * writers_exit() - unhook the writers
 *
 * On return no thread is in a trampoline, before, in or behind the function.
 *
 * Context: process context, no leaf carries a key any more; sleeps until the
 * last writer has returned.
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
