// SPDX-License-Identifier: GPL-2.0
/*
 * What is told of a stray access: the counters, the records of the last ones,
 * the log line, the tracepoint, and those who wait for it.
 *
 * A stray access can come from anywhere, with any lock held, also the console's,
 * and from an NMI. So the fault takes no lock, and shares nothing but counters
 * with other CPUs: it leaves a note on its own CPU, or counts in the one that is
 * there for the same instruction and domain. An interrupt raised on the same
 * CPU, which arrives when the offender has interrupts on again, takes the notes
 * to the records, which are under a lock, and tells of them. In a storm it comes
 * once a tick, or when half of the notes are taken.
 *
 * The records are bounded, and so are a CPU's notes. An access that there is no
 * note for, as a CPU with interrupts off has met more instructions than that, is
 * counted and not recorded.
 */
#include <linux/hashtable.h>
#include <linux/irq_work.h>
#include <linux/kallsyms.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>
#include <asm/unwind.h>

#include "internal.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

#define RECORDS		256
/* The functions on a stack, a line each. */
#define RECORD_NAMES	1536
/* Of one CPU, until it has interrupts on. */
#define NOTES		16

struct note {
	bool taken;
	/* 0: free, or being written. Content is there until it is 0 again. */
	atomic64_t count;
	struct stray stray;
};

struct report_cpu {
	struct irq_work now;
	struct irq_work later;		/* at the next tick */
	unsigned long told;		/* in jiffies */
	struct note notes[NOTES];
	/* Whose stack the last note has. */
	struct task_struct *task;
	unsigned long ip;
	unsigned long tick;
	enum stray_context context;
};

struct record {
	struct hlist_node node;		/* by instruction */
	struct list_head list;		/* the last one that was told of last */
	u64 id;				/* 0: none yet; in order of the first */
	u64 count;
	u64 first;			/* when the first one was */
	struct stray stray;		/* the last one */
	char names[RECORD_NAMES];	/* while its modules are there */
};

static struct report_cpu __percpu *cpus;
static struct record *records;
static u64 next_id;
static DEFINE_HASHTABLE(by_ip, 6);
static LIST_HEAD(by_age);
/* The records'. Interrupts off, and never taken in the fault. */
static DEFINE_RAW_SPINLOCK(report_lock);

static atomic64_t stray_writes, stray_reads, pinned_writes, pinned_windows;
static atomic64_t held_back, unrecorded;
static struct kernfs_node *total_file;
static struct ratelimit_state report_limit =
	RATELIMIT_STATE_INIT_FLAGS(report_limit, 5 * HZ, 10,
				   RATELIMIT_MSG_ON_RELEASE);

static const char * const outcome[] = {
	[FAULT_RELAXED] = "let through",
	[FAULT_CONTAIN] = "dropped",
	[FAULT_STRICT] = "denied",
	[FAULT_PANIC] = "denied",
};

static const char * const contexts[] = {
	[STRAY_THREAD] = "thread",
	[STRAY_SOFTIRQ] = "softirq",
	[STRAY_HARDIRQ] = "hardirq",
	[STRAY_NMI] = "nmi",
};

/* @function: what hook_name_of() says of its ip, or said of it then. */
static void stray_print(char *buf, size_t size, const struct stray *s,
			const char *function)
{
	scnprintf(buf, size,
		  "stray %s %s+0x%lx by %s, task %s:%d, CPU %d, %s%s%s",
		  s->read ? "read of" : "write to", s->domain, s->offset,
		  function, s->comm, s->pid, s->cpu, outcome[s->mode],
		  *shield_gaps ? ", no shield from " : "", shield_gaps);
}

/* Whether one record has them both. */
static bool stray_alike(const struct stray *a, const struct stray *b)
{
	return a->ip == b->ip && a->read == b->read &&
	       !strcmp(a->domain, b->domain);
}

/* The functions on the way to the access, the innermost first. */
static void stray_stack(struct stray *s, struct pt_regs *regs)
{
	struct unwind_state state;
	unsigned long ip;

	/* The unwinder begins behind the frame of regs. */
	s->stack[0] = s->ip;
	s->depth = 1;
	for (unwind_start(&state, current, regs, NULL);
	     !unwind_done(&state) && s->depth < STRAY_STACK;
	     unwind_next_frame(&state)) {
		ip = unwind_get_return_address(&state);
		if (!ip)
			break;
		s->stack[s->depth++] = ip;
	}
}

static void stray_fill(struct stray *s, const struct domain *d,
		       unsigned long addr, struct pt_regs *regs, bool read,
		       enum fault_mode mode, const struct contain *store)
{
	strscpy(s->domain, d->name, sizeof(s->domain));
	memcpy(s->comm, current->comm, sizeof(s->comm));
	s->time = ktime_get_real_fast_ns();
	s->addr = addr;
	s->offset = addr - d->start;
	s->ip = instruction_pointer(regs);
	s->pid = task_pid_nr(current);
	s->cpu = smp_processor_id();
	s->context = in_nmi() ? STRAY_NMI : in_hardirq() ? STRAY_HARDIRQ :
		     in_serving_softirq() ? STRAY_SOFTIRQ : STRAY_THREAD;
	s->read = read;
	s->mode = mode;
	s->store = *store;
	s->in_file = page_in_file(d, addr, &s->index);
}

/* Log it, with so many that are alike, unless there were too many lines. */
static noinline void report_print(const struct stray *s, u64 alike)
{
	char name[KSYM_SYMBOL_LEN];
	char line[256];

	if (__ratelimit(&report_limit)) {
		stray_print(line, sizeof(line), s, hook_name_of(s->ip, name));
		pr_warn("%s\n", line);
		alike--;
	}
	atomic64_add(alike, &held_back);
}

static void report_held_back(struct work_struct *work)
{
	u64 nr = atomic64_xchg(&held_back, 0);

	if (nr)
		pr_warn("%llu more stray accesses were not logged\n", nr);
}

static DECLARE_DELAYED_WORK(held_back_work, report_held_back);

/* report_lock held. The record of such an access, the oldest if there is none. */
static struct record *record_of(const struct stray *s)
{
	struct record *r;

	hash_for_each_possible(by_ip, r, node, s->ip)
		if (stray_alike(&r->stray, s))
			return r;
	r = list_first_entry(&by_age, struct record, list);
	if (r->id)
		hash_del(&r->node);
	hash_add(by_ip, &r->node, s->ip);
	r->id = ++next_id;
	r->count = 0;
	r->first = s->time;
	r->stray.depth = 0;
	r->names[0] = '\0';
	return r;
}

/* report_lock held. By the time that somebody reads, a module may be gone. */
static void record_name(struct record *r)
{
	const struct stray *s = &r->stray;
	char name[KSYM_SYMBOL_LEN];
	unsigned int i = 0;
	int len = 0;

	do {
		hook_name_of(i < s->depth ? s->stack[i] : s->ip, name);
		len += scnprintf(r->names + len, RECORD_NAMES - len, "%s\n",
				 name);
	} while (++i < s->depth);
}

/* Take a note to its record. Return: how many it counts. */
static u64 note_record(struct note *note)
{
	const struct stray *s = &note->stray;
	struct record *r;
	u64 count;

	raw_spin_lock(&report_lock);
	r = record_of(s);
	list_move_tail(&r->list, &by_age);
	if (s->depth)
		r->stray = *s;
	else
		memcpy(&r->stray, s, offsetof(struct stray, depth));
	if (s->depth || !*r->names)
		record_name(r);
	/* From an NMI one more may have come until now. */
	count = atomic64_xchg(&note->count, 0);
	r->count += count;
	raw_spin_unlock(&report_lock);
	return count;
}

/* The domain is there as long as it is in the table, and we are an interrupt. */
static void note_tell(const struct stray *s)
{
	const struct domain_range *range;
	char name[KSYM_SYMBOL_LEN];
	struct kernfs_node *file;
	struct domain *d;

	if (!domain_find(s->addr, &range))
		return;
	d = range->domain;
	if (strcmp(d->name, s->domain))
		return;
	hook_name_of(s->ip, name);
	raw_spin_lock(&report_lock);
	if (s->time >= d->last_time) {
		d->last_time = s->time;
		stray_print(d->last, sizeof(d->last), s, name);
	}
	raw_spin_unlock(&report_lock);
	file = READ_ONCE(d->strays_file);
	if (!file)
		return;
	sysfs_notify_dirent(file);
	schedule_delayed_work(&d->uevent,
			      time_before(jiffies, d->uevent_next) ?
			      d->uevent_next - jiffies : 0);
}

static void report_tell(struct irq_work *work)
{
	struct report_cpu *cpu = this_cpu_ptr(cpus);
	struct note *note;
	u64 count;

	WRITE_ONCE(cpu->told, jiffies);
	for (note = cpu->notes; note < cpu->notes + NOTES; note++) {
		if (!atomic64_read_acquire(&note->count))
			continue;
		count = note_record(note);
		note_tell(&note->stray);
		if (note->stray.mode < FAULT_STRICT)
			report_print(&note->stray, count);
		/* Who takes it next does so by xchg(), and writes to it then. */
		smp_store_release(&note->taken, false);
	}
	if (READ_ONCE(total_file))
		sysfs_notify_dirent(total_file);
	if (atomic64_read(&held_back))
		schedule_delayed_work(&held_back_work, 5 * HZ);
}

/* Wait for the interrupts that are to tell of something. */
static void report_settle(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		irq_work_sync(&per_cpu_ptr(cpus, cpu)->now);
		irq_work_sync(&per_cpu_ptr(cpus, cpu)->later);
	}
}

/* One stack of a tick has to do: the record keeps the one that it has. */
static bool stray_needs_stack(struct report_cpu *cpu, const struct stray *s)
{
	unsigned long now = jiffies;

	if (in_nmi())
		return true;
	if (cpu->task == current && cpu->ip == s->ip &&
	    cpu->context == s->context && cpu->tick == now)
		return false;
	cpu->task = current;
	cpu->ip = s->ip;
	cpu->context = s->context;
	cpu->tick = now;
	return true;
}

/*
 * Interrupts are off: only an NMI comes in between, and it writes to no note but
 * to one that it has taken itself.
 */
static void stray_note(struct report_cpu *cpu, struct stray *s,
		       struct pt_regs *regs)
{
	struct note *note;

	s->depth = 0;
	for (note = cpu->notes; note < cpu->notes + NOTES; note++) {
		if (!atomic64_read(&note->count) ||
		    !stray_alike(&note->stray, s) ||
		    !atomic64_inc_not_zero(&note->count))
			continue;
		if (!in_nmi())
			memcpy(&note->stray, s, offsetof(struct stray, depth));
		return;
	}
	for (note = cpu->notes; note < cpu->notes + NOTES; note++) {
		if (xchg(&note->taken, true))
			continue;
		if (stray_needs_stack(cpu, s))
			stray_stack(s, regs);
		note->stray = *s;
		atomic64_set_release(&note->count, 1);
		return;
	}
	atomic64_inc(&unrecorded);
	if (s->mode < FAULT_STRICT)
		atomic64_inc(&held_back);
}

static void report_uevent(struct work_struct *work)
{
	struct domain *d = container_of(to_delayed_work(work), struct domain,
					uevent);
	char count[40];
	char *env[2] = { count };

	snprintf(count, sizeof(count), "STRAY_WRITES=%lld",
		 atomic64_read(&d->stray_writes));
	d->uevent_next = jiffies + HZ;
	kobject_uevent_env(&d->kobj, KOBJ_CHANGE, env);
}

/**
 * report_start() - tell those who wait for it of a domain's stray writes
 * @d: the domain
 * @file: its file stray_writes, for poll()
 *
 * From now on poll() wakes, and there are uevents, one a second at most.
 */
void report_start(struct domain *d, struct kernfs_node *file)
{
	INIT_DELAYED_WORK(&d->uevent, report_uevent);
	d->uevent_next = jiffies;
	WRITE_ONCE(d->strays_file, file);
}

/**
 * report_stop() - undo report_start()
 * @d: the domain
 *
 * Context: process context, sleeps.
 */
void report_stop(struct domain *d)
{
	if (!d->strays_file)
		return;
	WRITE_ONCE(d->strays_file, NULL);
	report_settle();
	cancel_delayed_work_sync(&d->uevent);
}

/**
 * report_stray() - count a stray access and see that it is told
 * @d: the domain
 * @addr: the address
 * @regs: the registers of the offender, before the access
 * @read: whether it is a read
 * @mode: what is done about it
 * @store: what was to be written
 *
 * Context: the page fault, which can interrupt anything, NMIs included. Takes no
 * lock. Cost: a look at each note of the CPU, and at most once a tick, for the
 * same instruction, thread and context, a walk of the stack.
 */
void report_stray(struct domain *d, unsigned long addr, struct pt_regs *regs,
		  bool read, enum fault_mode mode, const struct contain *store)
{
	struct report_cpu *cpu = this_cpu_ptr(cpus);
	unsigned long now = jiffies;
	struct stray s;

	atomic64_inc(read ? &d->stray_reads : &d->stray_writes);
	if (d->silent)
		return;
	atomic64_inc(read ? &stray_reads : &stray_writes);

	stray_fill(&s, d, addr, regs, read, mode, store);
	trace_stray_write(&s);
	/*
	 * The kernel prints its oops from here anyway, and of an interrupt's it
	 * never comes back.
	 */
	if (mode >= FAULT_STRICT)
		report_print(&s, 1);
	stray_note(cpu, &s, regs);
	if (READ_ONCE(cpu->told) != now ||
	    READ_ONCE(cpu->notes[NOTES / 2].taken))
		irq_work_queue(&cpu->now);
	else
		irq_work_queue(&cpu->later);
}

/*
 * Of the tracepoints. Who removes the module while a trigger of theirs is set
 * would get a warning from the kernel.
 */
int report_trace_hold(void)
{
	return try_module_get(THIS_MODULE) ? 0 : -ENODEV;
}

void report_trace_release(void)
{
	module_put(THIS_MODULE);
}

/**
 * report_pinned() - count a pinned write
 * @d: the domain
 * @addr: the address
 * @regs: the registers of the writer
 *
 * Context: the page fault.
 */
void report_pinned(struct domain *d, unsigned long addr, struct pt_regs *regs)
{
	atomic64_inc(&d->pinned_writes);
	atomic64_inc(&pinned_writes);
	trace_pinned_write(d->name, addr - d->start, instruction_pointer(regs));
}

/**
 * report_pinned_window() - count a window for pinned writes
 * @d: the domain
 *
 * Context: the page fault.
 */
void report_pinned_window(struct domain *d)
{
	atomic64_inc(&d->pinned_windows);
	atomic64_inc(&pinned_windows);
}

/**
 * report_last() - print the last stray access to a domain
 * @d: the domain
 * @buf: where to
 * @size: its size
 *
 * Return: the number of bytes printed, 0 when there was none.
 */
int report_last(struct domain *d, char *buf, size_t size)
{
	unsigned long flags;
	int len;

	raw_spin_lock_irqsave(&report_lock, flags);
	len = scnprintf(buf, size, "%s", d->last);
	raw_spin_unlock_irqrestore(&report_lock, flags);
	return len;
}

/* Copy the record of the lowest id above @id. Return: false if there is none. */
static bool record_copy_next(u64 id, struct record *copy)
{
	struct record *r, *next = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&report_lock, flags);
	for (r = records; r < records + RECORDS; r++)
		if (r->id > id && (!next || r->id < next->id))
			next = r;
	if (next)
		*copy = *next;
	raw_spin_unlock_irqrestore(&report_lock, flags);
	return next;
}

static void show_bytes(struct seq_file *m, const struct contain *store,
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
	char line[256], *names = r->names, *name = strsep(&names, "\n");

	stray_print(line, sizeof(line), s, name);
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

/* A string of JSON's: a thread may have any name. */
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
 * report_show() - show the records, in the order of their first accesses
 * @m: where to
 * @json: as lines of JSON, not as text
 *
 * Context: process context, sleeps.
 * Return: 0 or -ENOMEM.
 */
int report_show(struct seq_file *m, bool json)
{
	struct record *copy = kmalloc(sizeof(*copy), GFP_KERNEL);

	if (!copy)
		return -ENOMEM;
	copy->id = 0;
	while (record_copy_next(copy->id, copy)) {
		if (json)
			show_json(m, copy);
		else
			show_text(m, copy);
	}
	if (!json && atomic64_read(&unrecorded))
		seq_printf(m, "%lld more have no record\n",
			   atomic64_read(&unrecorded));
	kfree(copy);
	return 0;
}

/**
 * report_set_total() - the file that poll() is to wake on
 * @file: the file stray_writes of the whole, or NULL
 *
 * On return no other one is used.
 */
void report_set_total(struct kernfs_node *file)
{
	WRITE_ONCE(total_file, file);
	report_settle();
}

/**
 * report_total() - stray writes since load
 */
u64 report_total(void)
{
	return atomic64_read(&stray_writes);
}

/**
 * report_total_reads() - stray reads since load
 */
u64 report_total_reads(void)
{
	return atomic64_read(&stray_reads);
}

/**
 * report_total_pinned() - pinned writes since load
 */
u64 report_total_pinned(void)
{
	return atomic64_read(&pinned_writes);
}

/**
 * report_total_windows() - windows opened for pinned writes since load
 */
u64 report_total_windows(void)
{
	return atomic64_read(&pinned_windows);
}

/**
 * report_init() - have room for the records
 *
 * Return: 0 or -ENOMEM.
 */
int __init report_init(void)
{
	struct report_cpu *c;
	struct record *r;
	int cpu;

	records = vcalloc(RECORDS, sizeof(*records));
	cpus = alloc_percpu(struct report_cpu);
	if (!records || !cpus) {
		free_percpu(cpus);
		vfree(records);
		return -ENOMEM;
	}
	for (r = records; r < records + RECORDS; r++)
		list_add_tail(&r->list, &by_age);
	for_each_possible_cpu(cpu) {
		c = per_cpu_ptr(cpus, cpu);
		init_irq_work(&c->now, report_tell);
		c->later = IRQ_WORK_INIT_LAZY(report_tell);
	}
	return 0;
}

/**
 * report_exit() - forget them
 *
 * Context: process context, after the last stray access; sleeps.
 */
void report_exit(void)
{
	report_settle();
	flush_delayed_work(&held_back_work);
	free_percpu(cpus);
	vfree(records);
}
