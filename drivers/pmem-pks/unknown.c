// SPDX-License-Identifier: GPL-2.0
/*
 * Writers of pmem that no hook covers, and how they are told from wild pointers.
 *
 * A module that gets addresses from dax_direct_access() is a driver for pmem. What
 * it stores may go by instructions that the compiler put into its own functions,
 * and those can't be hooked unless somebody names them. So its *text* is noted
 * when the module comes: a store by an instruction in there, or by a copy routine
 * of the kernel that was called from there, is that of an unknown writer. The same
 * holds for a module whose known writers could not be hooked (writers.c).
 *
 * Such a store is let through in every mode: it is no wild pointer, and to drop it
 * loses a driver's data. It is counted by instruction. A worker finds the
 * function's name, which is logged once, and stands in the list unknown_writers
 * until the administrator makes it known.
 *
 * The fault reads the texts and counts, in any context, NMIs included, and takes
 * no lock: the texts are under RCU, and a slot is taken by cmpxchg(). Everything
 * else is process context, ordered by texts_lock, which is the innermost one.
 */
#include <linux/irq_work.h>
#include <linux/kallsyms.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <asm/ibt.h>
#include <asm/unwind.h>

#include "internal.h"

#define UNKNOWN_NAME	100
/* Instructions that are told apart. */
#define SLOTS		128
/* How deep the kernel's copy routines call each other. */
#define HELPER_DEPTH	3

enum {
	TEXT_CORE,
	TEXT_INIT,
	NR_TEXTS
};

/* The code of a module whose stores are let through. */
struct text {
	struct list_head list;
	const struct module *module;
	unsigned long start[NR_TEXTS];
	unsigned long size[NR_TEXTS];
	bool driver;		/* it calls dax_direct_access() */
	bool unhooked;		/* its known writers could not be hooked */
	struct rcu_head rcu;
};

struct slot {
	unsigned long ip;	/* 0: free */
	atomic64_t count;	/* since it was last taken to the list */
};

struct unknown {
	struct list_head list;
	u64 count;
	char name[UNKNOWN_NAME];	/* module:function */
};

static LIST_HEAD(texts);
static LIST_HEAD(unknowns);
static DEFINE_MUTEX(texts_lock);
static struct slot slots[SLOTS];
/* Stores by instructions for which there was no slot. */
static atomic64_t others;

/* dax_direct_access() */
static unsigned long dax_access;

/*
 * They call dax_direct_access() to hand the address on, and store nothing there.
 * A store of theirs is as stray as anybody's.
 */
static const char * const no_drivers[] = {
	"dm_mod", "dm_log_writes", "fuse", "virtiofs",
};

/*
 * What drivers store by, of both kernels: who called it is the writer. Each has
 * one of some of these, by the CPU and the version.
 */
static struct {
	const char *name;
	unsigned long addr;
	unsigned long size;
} helpers[] = {
	{ "memset" }, { "memset_orig" }, { "memset_erms" },
	{ "memcpy" }, { "memcpy_orig" }, { "memcpy_erms" },
	{ "memmove" }, { "copy_page" }, { "copy_page_regs" },
	{ "clear_page_orig" }, { "clear_page_rep" }, { "clear_page_erms" },
	{ "__memcpy_flushcache" }, { "_copy_from_iter" },
	{ "_copy_from_iter_nocache" }, { "_copy_from_iter_flushcache" },
	{ "copy_user_flushcache" }, { "__copy_user_flushcache" },
	{ "__copy_user_nocache" }, { "rep_movs_alternative" },
	{ "copy_user_generic_string" }, { "copy_user_generic_unrolled" },
	{ "copy_user_enhanced_fast_string" }, { "copy_user_short_string" },
	{ "_copy_from_user" }, { "copy_mc_to_kernel" },
	{ "copy_mc_fragile" }, { "copy_mc_enhanced_fast_string" },
	{ "strcpy" }, { "strncpy" }, { "memcpy_and_pad" },
};

/* Preemption off. */
static bool text_has(unsigned long ip)
{
	const struct text *t;
	int i;

	list_for_each_entry_rcu(t, &texts, list, true)
		for (i = 0; i < NR_TEXTS; i++)
			if (ip - t->start[i] < READ_ONCE(t->size[i]))
				return true;
	return false;
}

static bool helper_has(unsigned long ip)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(helpers); i++)
		if (ip - helpers[i].addr < helpers[i].size)
			return true;
	return false;
}

/* Who called the copy routine that stores: where it does, or 0. */
static unsigned long helper_caller(struct pt_regs *regs)
{
	struct unwind_state state;
	unsigned long ip;
	int depth;

	if (!helper_has(regs->ip))
		return 0;
	unwind_start(&state, current, regs, NULL);
	for (depth = 0; depth < HELPER_DEPTH && !unwind_done(&state); depth++) {
		ip = unwind_get_return_address(&state);
		if (!ip)
			break;
		/* What it returns to may be the next function's. */
		ip--;
		if (!helper_has(ip))
			return ip;
		unwind_next_frame(&state);
	}
	return 0;
}

static void unknown_tell(struct work_struct *work);
static DECLARE_WORK(tell_work, unknown_tell);

static void unknown_interrupt(struct irq_work *work)
{
	schedule_work(&tell_work);
}

static DEFINE_IRQ_WORK(tell_interrupt, unknown_interrupt);

static void unknown_count(unsigned long ip)
{
	struct slot *slot;
	unsigned long of;

	for (slot = slots; slot < slots + SLOTS; slot++) {
		of = READ_ONCE(slot->ip);
		if (!of)
			of = cmpxchg(&slot->ip, 0, ip);
		if (of && of != ip)
			continue;
		atomic64_inc(&slot->count);
		if (!of)
			irq_work_queue(&tell_interrupt);
		return;
	}
	atomic64_inc(&others);
}

/**
 * unknown_store() - whether a store to pmem is that of an unknown writer
 * @regs: the registers of the store
 *
 * If it is, it is counted, and to be let through.
 *
 * Context: the page fault.
 */
bool unknown_store(struct pt_regs *regs)
{
	unsigned long ip = regs->ip;

	if (list_empty(&texts))
		return false;
	if (!text_has(ip)) {
		ip = helper_caller(regs);
		if (!ip || !text_has(ip))
			return false;
	}
	unknown_count(ip);
	return true;
}

/* texts_lock held. */
static struct unknown *unknown_find(const char *name)
{
	struct unknown *u;

	list_for_each_entry(u, &unknowns, list)
		if (!strcmp(u->name, name))
			return u;
	return NULL;
}

/* The function of an address, as writers_change() knows it. */
static bool unknown_name(char *name, unsigned long ip)
{
	char text[KSYM_SYMBOL_LEN], *module, *cold;

	/* name+0x<offset>/0x<size> [<module>] */
	sprint_symbol(text, ip);
	module = strchr(text, '[');
	if (!module)
		return false;
	module++;
	module[strcspn(module, "]")] = '\0';
	text[strcspn(text, "+")] = '\0';
	/* The compiler puts what is rare in a function elsewhere. */
	cold = strstr(text, ".cold");
	if (cold)
		*cold = '\0';
	return snprintf(name, UNKNOWN_NAME, "%s:%s", module, text) <
	       UNKNOWN_NAME;
}

/*
 * texts_lock held, and the module of the instruction is there. Take what was
 * counted to the list.
 */
static void unknown_collect_slot(struct slot *slot)
{
	char name[UNKNOWN_NAME];
	struct unknown *u;

	if (!atomic64_read(&slot->count) || !unknown_name(name, slot->ip))
		return;
	u = unknown_find(name);
	if (!u) {
		u = kzalloc(sizeof(*u), GFP_KERNEL);
		if (!u)
			return;
		strscpy(u->name, name, sizeof(u->name));
		list_add_tail(&u->list, &unknowns);
		pr_warn("unknown writer %s: let through. To make it known: echo +%s >/sys/kernel/pmem_pks/writers\n",
			name, name);
	}
	u->count += atomic64_xchg(&slot->count, 0);
}

/* texts_lock held. */
static void unknown_collect(void)
{
	struct slot *slot;

	for (slot = slots; slot < slots + SLOTS; slot++)
		unknown_collect_slot(slot);
}

static void unknown_tell(struct work_struct *work)
{
	mutex_lock(&texts_lock);
	unknown_collect();
	mutex_unlock(&texts_lock);
}

/*
 * Whether code calls dax_direct_access(), or ends in a jump to it: e8 or e9, and
 * the distance. The call may be to the accounting in front of a function (call
 * depth tracking), or to behind its ENDBR.
 */
static bool text_calls(const u8 *code, unsigned long size)
{
	const u8 *end = code + size, *insn;
	unsigned long to;
	s32 distance;

	for (insn = code; insn + 5 <= end; insn++) {
		if ((*insn & 0xfe) != 0xe8)
			continue;
		memcpy(&distance, insn + 1, sizeof(distance));
		to = (unsigned long)insn + 5 + distance;
		if (to - (dax_access - 16) <= 16 + ENDBR_INSN_SIZE)
			return true;
	}
	return false;
}

static bool text_is_driver(const struct text *t)
{
	int i;

	if (match_string(no_drivers, ARRAY_SIZE(no_drivers),
			 t->module->name) >= 0)
		return false;
	for (i = 0; i < NR_TEXTS; i++)
		if (text_calls((u8 *)t->start[i], t->size[i]))
			return true;
	return false;
}

/* texts_lock held. */
static struct text *text_find(const struct module *module)
{
	struct text *t;

	list_for_each_entry(t, &texts, list)
		if (t->module == module)
			return t;
	return NULL;
}

static struct text *text_of(const struct module *module)
{
	struct text *t = kzalloc(sizeof(*t), GFP_KERNEL);

	if (!t)
		return NULL;
	t->module = module;
	t->start[TEXT_CORE] = (unsigned long)compat_core_text(module)->base;
	t->size[TEXT_CORE] = compat_text_size(compat_core_text(module));
	t->start[TEXT_INIT] = (unsigned long)compat_init_text(module)->base;
	t->size[TEXT_INIT] = compat_text_size(compat_init_text(module));
	return t;
}

/* texts_lock held. */
static void text_add(struct text *t)
{
	/* The code of its initialization may be gone since we saw it. */
	if (t->module->state == MODULE_STATE_LIVE)
		t->size[TEXT_INIT] = 0;
	list_add_tail_rcu(&t->list, &texts);
}

/* texts_lock held, and what was counted for it is in the list. */
static void text_drop(struct text *t)
{
	struct slot *slot;

	list_del_rcu(&t->list);
	kfree_rcu(t, rcu);
	for (slot = slots; slot < slots + SLOTS; slot++)
		if (!text_has(slot->ip))
			WRITE_ONCE(slot->ip, 0);
}

static void unknown_missed(const struct module *module)
{
	pr_err("no memory to know the stores of %s by: they are stray\n",
	       module->name);
}

/* A module comes, or is there. */
static void unknown_come(const struct module *module)
{
	struct text *t = text_of(module);

	if (!t) {
		unknown_missed(module);
		return;
	}
	t->driver = text_is_driver(t);
	mutex_lock(&texts_lock);
	if (t->driver && !text_find(module) &&
	    module->state != MODULE_STATE_GOING)
		text_add(t);
	else
		kfree(t);
	mutex_unlock(&texts_lock);
}

/* A module goes: nobody is in its functions any more. */
static void unknown_go(const struct module *module)
{
	struct text *t;

	mutex_lock(&texts_lock);
	unknown_collect();
	t = text_find(module);
	if (t)
		text_drop(t);
	mutex_unlock(&texts_lock);
}

/* What a module's initialization ran in is about to be freed. */
static void unknown_live(const struct module *module)
{
	struct text *t;

	mutex_lock(&texts_lock);
	unknown_collect();
	t = text_find(module);
	if (t)
		WRITE_ONCE(t->size[TEXT_INIT], 0);
	mutex_unlock(&texts_lock);
}

/**
 * unknown_module_event() - follow a module as it comes and goes
 * @module: the module
 * @event: of the module notifiers
 *
 * Context: process context, sleeps.
 */
void unknown_module_event(const struct module *module, unsigned long event)
{
	if (event == MODULE_STATE_COMING)
		unknown_come(module);
	else if (event == MODULE_STATE_LIVE)
		unknown_live(module);
	else
		unknown_go(module);
}

/*
 * texts_lock held. Forget what has a name, or all of a module's if that ends in a
 * colon.
 */
static void unknown_forget(const char *name)
{
	size_t len = strlen(name);
	struct unknown *u, *next;

	unknown_collect();
	len += name[len - 1] != ':';
	list_for_each_entry_safe(u, next, &unknowns, list) {
		if (strncmp(u->name, name, len))
			continue;
		list_del(&u->list);
		kfree(u);
	}
}

/**
 * unknown_unhooked() - let a module's stores through as its writers are not hooked
 * @module: the module, which stays meanwhile
 * @unhooked: false: they are hooked now, and what was seen until now forgotten
 *
 * Context: process context, sleeps.
 */
void unknown_unhooked(const struct module *module, bool unhooked)
{
	char name[MODULE_NAME_LEN + 1];
	struct text *t;

	mutex_lock(&texts_lock);
	t = text_find(module);
	if (!t && unhooked) {
		t = text_of(module);
		if (t)
			text_add(t);
		else
			unknown_missed(module);
	}
	if (t && t->unhooked && !unhooked) {
		snprintf(name, sizeof(name), "%s:", module->name);
		unknown_forget(name);
	}
	if (t)
		t->unhooked = unhooked;
	if (t && !t->unhooked && !t->driver)
		text_drop(t);
	mutex_unlock(&texts_lock);
}

/**
 * unknown_known() - forget an unknown writer, as it is one of the writers now
 * @name: module:function
 *
 * Context: process context, sleeps.
 */
void unknown_known(const char *name)
{
	mutex_lock(&texts_lock);
	unknown_forget(name);
	mutex_unlock(&texts_lock);
}

/**
 * unknown_refuse() - whether a mode is to be refused for there are unknown writers
 * @mode: the mode's name, for the log
 *
 * Context: process context, sleeps.
 * Return: 0, or -EBUSY, which has one line in the log.
 */
int unknown_refuse(const char *mode)
{
	const struct unknown *u;
	int ret = 0;

	mutex_lock(&texts_lock);
	unknown_collect();
	u = list_first_entry_or_null(&unknowns, struct unknown, list);
	if (u || atomic64_read(&others)) {
		pr_warn("%s is refused: %s writes pmem and is not among the writers (see unknown_writers); \"%s!\" is not\n",
			mode, u ? u->name : "a function", mode);
		ret = -EBUSY;
	}
	mutex_unlock(&texts_lock);
	return ret;
}

/**
 * unknown_show() - list the unknown writers
 * @buf: a page, for sysfs: a line for each, "+module:function", as it can be
 *	 written to the file writers, and how many stores of it were let through
 *
 * Context: process context, sleeps.
 * Return: the length.
 */
int unknown_show(char *buf)
{
	const struct unknown *u;
	int len = 0;

	mutex_lock(&texts_lock);
	unknown_collect();
	list_for_each_entry(u, &unknowns, list)
		len += sysfs_emit_at(buf, len, "+%s %llu\n", u->name, u->count);
	if (atomic64_read(&others))
		len += sysfs_emit_at(buf, len, "others %lld\n",
				     atomic64_read(&others));
	mutex_unlock(&texts_lock);
	return len;
}

/**
 * unknown_init() - find the drivers that are there
 *
 * Those that come meanwhile are told of by unknown_module_event().
 *
 * Return: 0, or -ENOENT when the kernel has no list of modules.
 */
int __init unknown_init(void)
{
	struct mutex *modules_lock = (void *)hook_symbol("module_mutex");
	struct list_head *modules = (void *)hook_symbol("modules");
	struct module *module;
	int i;

	if (!modules_lock || !modules) {
		pr_err("cannot resolve modules and module_mutex\n");
		return -ENOENT;
	}
	for (i = 0; i < ARRAY_SIZE(helpers); i++) {
		helpers[i].addr = hook_symbol(helpers[i].name);
		if (helpers[i].addr)
			helpers[i].size = hook_symbol_size(helpers[i].addr,
							   NULL);
	}
	dax_access = hook_symbol("dax_direct_access");
	if (!dax_access)
		return 0;
	/* Who has it keeps modules from being freed. */
	mutex_lock(modules_lock);
	list_for_each_entry(module, modules, list)
		if (module->state != MODULE_STATE_UNFORMED &&
		    module->state != MODULE_STATE_GOING)
			unknown_come(module);
	mutex_unlock(modules_lock);
	return 0;
}

/**
 * unknown_exit() - forget them
 *
 * Context: process context, behind the last fault and the last module event;
 * sleeps.
 */
void unknown_exit(void)
{
	struct unknown *u, *next_u;
	struct text *t, *next;

	irq_work_sync(&tell_interrupt);
	flush_work(&tell_work);
	list_for_each_entry_safe(t, next, &texts, list)
		text_drop(t);
	list_for_each_entry_safe(u, next_u, &unknowns, list)
		kfree(u);
}
