// SPDX-License-Identifier: GPL-2.0
/*
 * Writers of pmem that no hook covers, and how they are told from wild pointers.
 *
 * A module that calls dax_direct_access() for an address is a driver for pmem. It
 * may store by instructions that the compiler has put into its own functions, and
 * those can't be hooked unless the administrator names them. So when such a module
 * is loaded, its code is noted as a text. A store belongs to an unknown writer if
 * its instruction is in a text, or in a copy routine of the kernel that was called
 * from a text. The same applies to a module whose known writers could not be hooked
 * (writers.c).
 *
 * Such a store is let through in every mode: it is no wild pointer, and to drop it
 * would lose a driver's data. Stores are counted by instruction. A worker finds the
 * function's name and logs it once. The name stays in the list unknown_writers until
 * the administrator adds the function to the writers.
 *
 * The page fault reads the texts and counts, in any context, NMI included. It takes
 * no lock: the texts are under RCU, and a slot is taken by cmpxchg(). All other
 * functions run in process context, ordered by texts_lock.
 */
#include <linux/irq_work.h>
#include <linux/kallsyms.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <asm/ibt.h>
#include <asm/unwind.h>

#include "internal.h"

#define UNKNOWN_NAME	100
/* The most instructions that are counted separately. */
#define SLOTS		128
/* How deep the kernel's copy routines call one another. */
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
	bool unhooked;		/* some known writers could not be hooked */
	struct rcu_head rcu;
};

struct slot {
	unsigned long ip;	/* 0: free */
	atomic64_t count;	/* stores not yet added to the list */
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

/*
 * Modules that call dax_direct_access() only to pass the address on. They store
 * nothing there, so a store of theirs is stray.
 */
static const char * const no_drivers[] = {
	"dm_mod", "dm_log_writes", "fuse", "virtiofs",
};

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

/* Return: the address from which the storing copy routine was called, or 0. */
static unsigned long helper_caller(struct pt_regs *regs)
{
	struct unwind_state state;
	unsigned long ip;
	int depth;

	if (!symbols_is_in(SYMBOLS_COPIES, regs->ip))
		return 0;
	unwind_start(&state, current, regs, NULL);
	for (depth = 0; depth < HELPER_DEPTH && !unwind_done(&state); depth++) {
		ip = unwind_get_return_address(&state);
		if (!ip)
			break;
		/* The return address may be in the next function. */
		ip--;
		if (!symbols_is_in(SYMBOLS_COPIES, ip))
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
 * unknown_store() - check whether a store to pmem belongs to an unknown writer
 * @regs: the registers of the store
 *
 * Context: the page fault. Cost: a comparison per driver of pmem; for a store by a
 * copy routine, the unwinding of up to HELPER_DEPTH frames.
 * Return: whether it does. Then it has been counted, and the caller lets it through.
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

static struct unknown *unknown_find(const char *name)
{
	struct unknown *u;

	lockdep_assert_held(&texts_lock);
	list_for_each_entry(u, &unknowns, list)
		if (!strcmp(u->name, name))
			return u;
	return NULL;
}

/* Name the function of an address as writers_change() takes it. */
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
	/* The compiler moves a function's rare code to <function>.cold. */
	cold = strstr(text, ".cold");
	if (cold)
		*cold = '\0';
	return snprintf(name, UNKNOWN_NAME, "%s:%s", module, text) <
	       UNKNOWN_NAME;
}

/* Add a slot's count to the list. The module of its instruction is still loaded. */
static void unknown_collect_slot(struct slot *slot)
{
	char name[UNKNOWN_NAME];
	struct unknown *u;

	lockdep_assert_held(&texts_lock);
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

static void unknown_collect(void)
{
	struct slot *slot;

	lockdep_assert_held(&texts_lock);
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
 * Whether code calls dax_direct_access() or jumps to it: opcode e8 or e9, and the
 * distance. The target may be the accounting code before the function (call depth
 * tracking), or the instruction after its ENDBR.
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
		if (to - (symbols.dax_direct_access - 16) <= 16 + ENDBR_INSN_SIZE)
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

static struct text *text_find(const struct module *module)
{
	struct text *t;

	lockdep_assert_held(&texts_lock);
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

static void text_add(struct text *t)
{
	lockdep_assert_held(&texts_lock);
	/* The init code may have been freed since text_of(). */
	if (t->module->state == MODULE_STATE_LIVE)
		t->size[TEXT_INIT] = 0;
	list_add_tail_rcu(&t->list, &texts);
}

/* Remove a text. Its slots' counts are in the list already. */
static void text_drop(struct text *t)
{
	struct slot *slot;

	lockdep_assert_held(&texts_lock);
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

/* A module is being loaded, or is loaded. */
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

/* A module is being removed: no thread is inside its functions any more. */
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

/* A module's init code is about to be freed. */
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
 * unknown_module_event() - follow a module as it is loaded and removed
 * @module: the module
 * @event: the event of the module notifier
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

/* Remove a name from the list; if it ends in a colon, all names of that module. */
static void unknown_forget(const char *name)
{
	size_t len = strlen(name);
	struct unknown *u, *next;

	lockdep_assert_held(&texts_lock);
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
 * unknown_unhooked() - let a module's stores through, as its writers are not hooked
 * @module: the module; the caller has a reference
 * @unhooked: false: they are hooked now, and its names are removed from the list
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
 * unknown_known() - remove a function from the list, as it is a known writer now
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
 * unknown_refuse() - refuse a mode while there are unknown writers
 * @mode: the mode's name, for the log
 *
 * Context: process context, sleeps.
 * Return: 0; or -EBUSY, after one line in the log.
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
 * @buf: a page, for sysfs: gets a line "+module:function" for each, which can be
 *	 written to the file writers
 *
 * Context: process context, sleeps.
 * Return: the length in bytes.
 */
int unknown_show(char *buf)
{
	const struct unknown *u;
	int len = 0;

	mutex_lock(&texts_lock);
	unknown_collect();
	list_for_each_entry(u, &unknowns, list)
		len += sysfs_emit_at(buf, len, "+%s\n", u->name);
	mutex_unlock(&texts_lock);
	return len;
}

/**
 * unknown_show_hits() - list the unknown writers, with the number of their stores
 * @m: gets a line for each; "others" counts stores for which there was no slot
 *
 * Context: process context, sleeps.
 */
void unknown_show_hits(struct seq_file *m)
{
	const struct unknown *u;

	mutex_lock(&texts_lock);
	unknown_collect();
	list_for_each_entry(u, &unknowns, list)
		seq_printf(m, "%s %llu\n", u->name, u->count);
	if (atomic64_read(&others))
		seq_printf(m, "others %lld\n", atomic64_read(&others));
	mutex_unlock(&texts_lock);
}

/**
 * unknown_init() - find the drivers of pmem that are loaded
 *
 * The module notifier is registered already: it reports modules that are loaded
 * meanwhile.
 *
 * Context: process context, sleeps. Cost: a search of the code of each module.
 */
void __init unknown_init(void)
{
	struct module *module;

	if (!symbols.dax_direct_access)
		return;
	/* No module is freed while this is held. */
	mutex_lock(symbols.module_mutex);
	list_for_each_entry(module, symbols.modules, list)
		if (module->state != MODULE_STATE_UNFORMED &&
		    module->state != MODULE_STATE_GOING)
			unknown_come(module);
	mutex_unlock(symbols.module_mutex);
}

/**
 * unknown_exit() - forget the drivers and the unknown writers
 *
 * Context: process context, sleeps; after the last fault and the last module event.
 */
void unknown_exit(void)
{
	struct unknown *u, *next_u;
	struct text *t, *next;

	irq_work_sync(&tell_interrupt);
	flush_work(&tell_work);
	mutex_lock(&texts_lock);
	list_for_each_entry_safe(t, next, &texts, list)
		text_drop(t);
	list_for_each_entry_safe(u, next_u, &unknowns, list)
		kfree(u);
	mutex_unlock(&texts_lock);
}
