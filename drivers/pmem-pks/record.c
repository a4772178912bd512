// SPDX-License-Identifier: GPL-2.0
/*
 * The records of stray accesses, and their output as text and JSON.
 *
 * There is a record for each instruction and domain, with a count and the last
 * access. Their number is bounded: a new record replaces the oldest. An interrupt
 * adds them (report.c). A worker looks up the names of the functions, as that is
 * slow. A record keeps its names when a module is removed, so report.c waits for the
 * worker before that.
 */
#include <linux/hashtable.h>
#include <linux/kallsyms.h>
#include <linux/list.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "internal.h"

#define RECORDS		256
/* Bytes for the functions on a stack, a line each. */
#define RECORD_NAMES	1536

struct record {
	struct hlist_node node;		/* in by_ip */
	struct list_head list;		/* in by_age, the latest access last */
	u64 id;				/* in order of creation; 0: not in use */
	u64 count;			/* number of accesses */
	u64 first;			/* time of the first access */
	struct stray stray;		/* the last access */
	u64 version;			/* of the stack in stray */
	u64 named;			/* the version that names[] belongs to */
	u64 era;			/* of the version */
	char names[RECORD_NAMES];
};

static struct record *records;
static u64 next_id, next_version;
/* Modules came or went: the same addresses may have other names now. */
static u64 era;
static DEFINE_HASHTABLE(by_ip, 6);
static LIST_HEAD(by_age);
/*
 * Protects the records. Held with interrupts off, and never taken in the page fault.
 */
static DEFINE_RAW_SPINLOCK(record_lock);

static const char * const outcome[] = {
	[FAULT_RELAXED] = "let through",
	[FAULT_CONTAIN] = "dropped",
	[FAULT_STRICT] = "denied",
	[FAULT_PANIC] = "denied",
};

static_assert(ARRAY_SIZE(outcome) == FAULT_INHERIT);

static const char * const contexts[] = {
	[STRAY_THREAD] = "thread",
	[STRAY_SOFTIRQ] = "softirq",
	[STRAY_HARDIRQ] = "hardirq",
	[STRAY_NMI] = "nmi",
};

static_assert(ARRAY_SIZE(contexts) == STRAY_CONTEXTS);

/**
 * record_print() - print an access in one line, as in the log
 * @buf: out: the line
 * @size: size of @buf in bytes
 * @s: the access
 * @function: the name of its instruction by symbols_name(), which may be an old one
 *
 * Context: any.
 */
void record_print(char *buf, size_t size, const struct stray *s,
		  const char *function)
{
	scnprintf(buf, size,
		  "stray %s %s+0x%lx by %s, task %s:%d, CPU %d, %s%s%s",
		  s->read ? "read of" : "write to", s->domain, s->offset,
		  function, s->comm, s->pid, s->cpu, outcome[s->mode],
		  *shield_gaps ? ", no shield from " : "", shield_gaps);
}

/**
 * record_alike() - check whether two accesses share a record
 * @a: the one
 * @b: the other
 *
 * Context: any.
 * Return: whether they do.
 */
bool record_alike(const struct stray *a, const struct stray *b)
{
	return a->ip == b->ip && a->read == b->read &&
	       !strcmp(a->domain, b->domain);
}

/* Return: the record of an access; if there is none, the oldest, cleared for it. */
static struct record *record_of(const struct stray *s)
{
	struct record *r;

	lockdep_assert_held(&record_lock);
	hash_for_each_possible(by_ip, r, node, s->ip)
		if (record_alike(&r->stray, s))
			return r;
	r = list_first_entry(&by_age, struct record, list);
	if (r->id)
		hash_del(&r->node);
	hash_add(by_ip, &r->node, s->ip);
	r->id = ++next_id;
	r->count = 0;
	r->first = s->time;
	r->stray.depth = 0;
	r->named = 0;
	r->version = ++next_version;
	return r;
}

static bool stray_same_stack(const struct stray *a, const struct stray *b)
{
	return a->depth == b->depth &&
	       !memcmp(a->stack, b->stack, a->depth * sizeof(a->stack[0]));
}

static void record_name(struct work_struct *work);
static DECLARE_WORK(name_work, record_name);

/**
 * record_add() - add accesses to their record
 * @s: the last of them; depth is 0 if its stack was not walked
 * @count: their number
 *
 * Context: an interrupt, interrupts off.
 */
void record_add(const struct stray *s, u64 count)
{
	struct record *r;

	raw_spin_lock(&record_lock);
	r = record_of(s);
	list_move_tail(&r->list, &by_age);
	if (s->depth) {
		/* A storm mostly has one stack, which is not named anew. */
		if (r->era != era || !stray_same_stack(&r->stray, s))
			r->version = ++next_version;
		r->era = era;
		r->stray = *s;
	} else {
		memcpy(&r->stray, s, offsetof(struct stray, depth));
	}
	r->count += count;
	raw_spin_unlock(&record_lock);
	schedule_work(&name_work);
}

/* Print the functions of a stack, a line each. @names: of RECORD_NAMES bytes */
static void stray_name(char *names, const struct stray *s)
{
	char name[KSYM_SYMBOL_LEN];
	unsigned int i = 0;
	int len = 0;

	do {
		symbols_name(i < s->depth ? s->stack[i] : s->ip, name);
		len += scnprintf(names + len, RECORD_NAMES - len, "%s\n",
				 name);
	} while (++i < s->depth);
}

/*
 * Copy a record whose names are missing or old, with a version up to @last. Return:
 * false if there is none.
 */
static bool record_copy_unnamed(u64 last, struct record *copy)
{
	struct record *r;

	raw_spin_lock_irq(&record_lock);
	list_for_each_entry(r, &by_age, list) {
		if (!r->id || r->named == r->version || r->version > last)
			continue;
		*copy = *r;
		raw_spin_unlock_irq(&record_lock);
		return true;
	}
	raw_spin_unlock_irq(&record_lock);
	return false;
}

/* Copy the names into the record, unless it has another stack by now. */
static void record_put_names(const struct record *copy)
{
	struct record *r;

	raw_spin_lock_irq(&record_lock);
	for (r = records; r < records + RECORDS; r++) {
		if (r->version != copy->version)
			continue;
		memcpy(r->names, copy->names, sizeof(r->names));
		r->named = r->version;
	}
	raw_spin_unlock_irq(&record_lock);
}

/*
 * Name what was there at the start, and end. Whoever waits must not wait for as long
 * as a storm lasts. record_add() has queued the work again for what came later.
 */
static void record_name(struct work_struct *work)
{
	/* The worker runs once at a time. */
	static struct record copy;
	u64 last;

	raw_spin_lock_irq(&record_lock);
	last = next_version;
	raw_spin_unlock_irq(&record_lock);
	while (record_copy_unnamed(last, &copy)) {
		stray_name(copy.names, &copy.stray);
		record_put_names(&copy);
		cond_resched();
	}
}

/**
 * record_name_all() - wait until all records have their names
 *
 * Later accesses get theirs anew, with the same stack or not.
 *
 * Context: process context, sleeps.
 */
void record_name_all(void)
{
	flush_work(&name_work);
	raw_spin_lock_irq(&record_lock);
	era++;
	raw_spin_unlock_irq(&record_lock);
}

/* Copy the record with the lowest id above @id. Return: false if there is none. */
static bool record_copy_next(u64 id, struct record *copy)
{
	struct record *r, *next = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&record_lock, flags);
	for (r = records; r < records + RECORDS; r++)
		if (r->id > id && (!next || r->id < next->id))
			next = r;
	if (next)
		*copy = *next;
	raw_spin_unlock_irqrestore(&record_lock, flags);
	return next;
}

static void show_bytes(struct seq_file *m, const struct store *store,
		       const char *format)
{
	unsigned int i;

	for (i = 0; i < store->data_len; i++)
		seq_printf(m, format, store->data[i]);
}

static void show_time(struct seq_file *m, u64 ns)
{
	struct timespec64 ts = ns_to_timespec64(ns);

	seq_printf(m, "%ptT.%09ldZ", &ts.tv_sec, ts.tv_nsec);
}

static void show_text(struct seq_file *m, struct record *r)
{
	const struct stray *s = &r->stray;
	char line[DOMAIN_LAST_LEN], *names = r->names, *name = strsep(&names, "\n");

	record_print(line, sizeof(line), s, name);
	show_time(m, s->time);
	seq_printf(m, " %s\n", line);
	seq_printf(m, "  context %s, mode %s, width %u, bytes %llu", contexts[s->context],
		   fault_mode_names[s->mode], s->store.width, s->store.bytes);
	if (s->in_file)
		seq_printf(m, ", page %lu of its file", s->index);
	if (s->store.data_len) {
		seq_puts(m, ", data");
		show_bytes(m, &s->store, " %02x");
	}
	seq_printf(m, "\n  %llu times since ", r->count);
	show_time(m, r->first);
	seq_puts(m, "\n");
	do {
		seq_printf(m, "    %s\n", name);
		name = strsep(&names, "\n");
	} while (name && *name);
}

/* Print a JSON string, escaped: a thread may have any name. */
static void show_string(struct seq_file *m, const char *name,
			const char *string)
{
	seq_printf(m, ",\"%s\":\"", name);
	for (; *string; string++) {
		unsigned char c = *string;

		if (c < ' ' || c == '"' || c == '\\' || c > '~')
			seq_printf(m, "\\u%04x", c);
		else
			seq_putc(m, c);
	}
	seq_putc(m, '"');
}

static void show_json(struct seq_file *m, struct record *r)
{
	const struct stray *s = &r->stray;
	char *names = r->names, *name;

	seq_puts(m, "{\"time\":\"");
	show_time(m, s->time);
	seq_puts(m, "\",\"first\":\"");
	show_time(m, r->first);
	seq_printf(m, "\",\"count\":%llu", r->count);
	show_string(m, "namespace", s->domain);
	seq_printf(m, ",\"offset\":%lu", s->offset);
	if (s->in_file)
		seq_printf(m, ",\"page_index\":%lu", s->index);
	seq_printf(m, ",\"access\":\"%s\",\"width\":%u,\"bytes\":%llu",
		   s->read ? "read" : "write", s->store.width, s->store.bytes);
	if (s->store.data_len) {
		seq_puts(m, ",\"data\":\"");
		show_bytes(m, &s->store, "%02x");
		seq_putc(m, '"');
	}
	name = strsep(&names, "\n");
	show_string(m, "function", name);
	show_string(m, "comm", s->comm);
	seq_printf(m, ",\"pid\":%d,\"cpu\":%d", s->pid, s->cpu);
	show_string(m, "context", contexts[s->context]);
	show_string(m, "mode", fault_mode_names[s->mode]);
	show_string(m, "outcome", outcome[s->mode]);
	show_string(m, "no_shield_from", shield_gaps);
	seq_printf(m, ",\"stack\":[\"%s\"", name);
	while ((name = strsep(&names, "\n")) && *name)
		seq_printf(m, ",\"%s\"", name);
	seq_puts(m, "]}\n");
}

/**
 * record_show() - print the records, in the order of their first accesses
 * @m: the output
 * @json: print lines of JSON, not text
 *
 * Context: process context, sleeps.
 * Return: 0 or -ENOMEM.
 */
int record_show(struct seq_file *m, bool json)
{
	struct record *copy = kmalloc(sizeof(*copy), GFP_KERNEL);

	if (!copy)
		return -ENOMEM;
	record_name_all();
	copy->id = 0;
	while (record_copy_next(copy->id, copy)) {
		/* It was added after record_name_all(). */
		if (copy->named != copy->version)
			stray_name(copy->names, &copy->stray);
		if (json)
			show_json(m, copy);
		else
			show_text(m, copy);
	}
	kfree(copy);
	return 0;
}

/**
 * record_init() - allocate the records
 *
 * Context: process context, sleeps.
 * Return: 0 or -ENOMEM.
 */
int __init record_init(void)
{
	struct record *r;

	records = vcalloc(RECORDS, sizeof(*records));
	if (!records)
		return -ENOMEM;
	for (r = records; r < records + RECORDS; r++)
		list_add_tail(&r->list, &by_age);
	return 0;
}

/**
 * record_exit() - free the records
 *
 * Context: process context, sleeps; after the last record_add().
 */
void record_exit(void)
{
	record_name_all();
	vfree(records);
}
