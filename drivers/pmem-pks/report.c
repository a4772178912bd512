// SPDX-License-Identifier: GPL-2.0
/*
 * Reports of stray accesses: the counters, the log line, the tracepoint, poll() and
 * uevents, and the way to the records (record.c).
 *
 * A stray access can come from any context, NMI included, with any lock held, even
 * the console's. So the page fault takes no lock here, and shares only counters with
 * other CPUs. It writes a note on its own CPU, or counts in a note for the same
 * instruction and domain. Then it raises an interrupt on its CPU, which arrives when
 * interrupts are on again. The interrupt moves the notes to the records, which have
 * a lock, and reports them. In a storm it comes once per tick, or when half of the
 * notes are in use.
 *
 * The number of notes is bounded. If a CPU with interrupts off has stray accesses by
 * more instructions than that, the rest is counted and not recorded.
 */
#include <linux/irq_work.h>
#include <linux/kallsyms.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>
#include <asm/unwind.h>

#include "internal.h"
#include "trace.h"

/* Notes of a CPU. */
#define NOTES		16

struct note {
	bool taken;
	/* While this is not 0, the note has content. 0: free, or being written. */
	atomic64_t count;
	struct stray stray;
};

struct report_cpu {
	struct irq_work now;
	struct irq_work later;		/* at the next tick */
	unsigned long told;		/* last run of report_tell(), in jiffies */
	struct note notes[NOTES];
	/* The access whose stack was walked last. */
	struct task_struct *task;
	unsigned long ip;
	unsigned long tick;
	enum stray_context context;
};

static struct report_cpu __percpu *cpus;
/*
 * Protects the domains' last accesses. Held with interrupts off, and never taken in
 * the page fault.
 */
static DEFINE_RAW_SPINLOCK(report_lock);

static atomic64_t stray_writes, stray_reads, pinned_writes, pinned_windows;
static atomic64_t held_back, unrecorded;
static struct kernfs_node *total_file;
/* One for what is let through or dropped, one for what is denied. */
static struct ratelimit_state report_limits[] = {
	RATELIMIT_STATE_INIT_FLAGS(report_limits[0], 5 * HZ, 10,
				   RATELIMIT_MSG_ON_RELEASE),
	RATELIMIT_STATE_INIT_FLAGS(report_limits[1], 5 * HZ, 10,
				   RATELIMIT_MSG_ON_RELEASE),
};

/*
 * Whether there is to be a line in the log. Before a panic there always is: it may
 * be all that is left.
 */
static bool report_may_print(enum fault_mode mode)
{
	return mode == FAULT_PANIC ||
	       __ratelimit(&report_limits[mode == FAULT_STRICT]);
}

/* Get the stack of the access, the innermost function first. */
static void stray_stack(struct stray *s, struct pt_regs *regs)
{
	struct unwind_state state;
	unsigned long ip;

	/* The unwinder begins with the caller. */
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

static void stray_fill(struct stray *s, const struct denial *denial,
		       enum fault_mode mode)
{
	const struct domain *d = denial->domain;

	strscpy(s->domain, d->name, sizeof(s->domain));
	memcpy(s->comm, current->comm, sizeof(s->comm));
	s->time = ktime_get_real_fast_ns();
	s->addr = denial->place;
	s->offset = denial->place - d->start;
	s->ip = instruction_pointer(denial->regs);
	s->pid = task_pid_nr(current);
	s->cpu = smp_processor_id();
	s->context = in_nmi() ? STRAY_NMI : in_hardirq() ? STRAY_HARDIRQ :
		     in_serving_softirq() ? STRAY_SOFTIRQ : STRAY_THREAD;
	s->read = denial->read;
	s->silent = d->silent;
	s->mode = mode;
	s->store = denial->store;
	s->in_file = page_in_file(d, denial->place, &s->index);
}

/* Log @alike equal accesses in one line, unless there were too many lines. */
static noinline void report_print(const struct stray *s, u64 alike)
{
	char name[KSYM_SYMBOL_LEN];
	char line[DOMAIN_LAST_LEN];

	if (report_may_print(s->mode)) {
		record_print(line, sizeof(line), s, symbols_name(s->ip, name));
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

/*
 * Report a note for its domain. A domain that is in the table is not freed before
 * this interrupt ends.
 */
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
	symbols_name(s->ip, name);
	raw_spin_lock(&report_lock);
	if (s->time >= d->last_time) {
		d->last_time = s->time;
		record_print(d->last, sizeof(d->last), s, name);
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
	bool for_all = false;
	struct note *note;
	u64 count;

	WRITE_ONCE(cpu->told, jiffies);
	for (note = cpu->notes; note < cpu->notes + NOTES; note++) {
		if (!atomic64_read_acquire(&note->count))
			continue;
		/* An NMI may have counted more until now. */
		count = atomic64_xchg(&note->count, 0);
		if (!note->stray.silent) {
			for_all = true;
			record_add(&note->stray, count);
			if (note->stray.mode < FAULT_STRICT)
				report_print(&note->stray, count);
		}
		note_tell(&note->stray);
		/*
		 * Pairs with the xchg() in stray_note(), before the note is written.
		 */
		smp_store_release(&note->taken, false);
	}
	if (for_all && READ_ONCE(total_file))
		sysfs_notify_dirent(total_file);
	if (atomic64_read(&held_back))
		schedule_delayed_work(&held_back_work, 5 * HZ);
}

/**
 * report_settle() - wait until all that was counted until now is reported
 *
 * Context: process context, sleeps. Cost: until the next tick, and longer while stray
 * accesses come at each one.
 */
void report_settle(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		irq_work_sync(&per_cpu_ptr(cpus, cpu)->now);
		irq_work_sync(&per_cpu_ptr(cpus, cpu)->later);
	}
}

/* One walk per tick is enough: without a new stack, the record keeps its old one. */
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
 * Count in a note of the CPU, or write a new one. Interrupts are off. Only an NMI
 * can come in between, and it writes only to a note that it has taken itself.
 */
static void stray_note(struct report_cpu *cpu, struct stray *s,
		       struct pt_regs *regs)
{
	struct note *note;

	s->depth = 0;
	for (note = cpu->notes; note < cpu->notes + NOTES; note++) {
		if (!atomic64_read(&note->count) ||
		    !record_alike(&note->stray, s) ||
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
	if (s->silent)
		return;
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
 * report_start() - begin to signal a domain's stray writes
 * @d: the domain
 * @file: its file stray_writes, for poll()
 *
 * From now on poll() wakes, and there are uevents, at most one per second.
 *
 * Context: process context.
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

/* What is for all. */
static void report_count(const struct stray *s)
{
	atomic64_inc(s->read ? &stray_reads : &stray_writes);
	trace_stray_access(s);
	/*
	 * Log it at once: the kernel prints its oops from the same context, and
	 * after that of an interrupt it panics.
	 */
	if (s->mode >= FAULT_STRICT)
		report_print(s, 1);
}

/**
 * report_stray() - count a stray access, and have it reported
 * @denial: the access
 * @mode: what is done about it
 *
 * Context: the page fault, in any context, NMI included. Takes no lock. Cost: a look
 * at each note of the CPU; and a walk of the stack, at most once per tick for the
 * same instruction, thread and context, except in an NMI.
 */
void report_stray(const struct denial *denial, enum fault_mode mode)
{
	struct report_cpu *cpu = this_cpu_ptr(cpus);
	struct domain *d = denial->domain;
	unsigned long now = jiffies;
	struct stray s;

	atomic64_inc(denial->read ? &d->stray_reads : &d->stray_writes);
	stray_fill(&s, denial, mode);
	if (!d->silent)
		report_count(&s);
	stray_note(cpu, &s, denial->regs);
	if (READ_ONCE(cpu->told) != now ||
	    READ_ONCE(cpu->notes[NOTES / 2].taken))
		irq_work_queue(&cpu->now);
	else
		irq_work_queue(&cpu->later);
}

/**
 * report_pinned() - count a pinned write
 * @denial: the write
 *
 * Context: the page fault.
 */
void report_pinned(const struct denial *denial)
{
	struct domain *d = denial->domain;

	atomic64_inc(&d->pinned_writes);
	atomic64_inc(&pinned_writes);
	trace_pinned_write(d->name, denial->place - d->start,
			   instruction_pointer(denial->regs));
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
 * @buf: out: the line
 * @size: size of @buf in bytes
 *
 * Context: process context.
 * Return: the number of bytes printed, 0 if there was no stray access.
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

/**
 * report_set_total() - set the file on which poll() wakes for any domain
 * @file: the global file stray_writes, or NULL
 *
 * On return no other file is used.
 *
 * Context: process context, sleeps.
 */
void report_set_total(struct kernfs_node *file)
{
	WRITE_ONCE(total_file, file);
	report_settle();
}

/**
 * report_total() - count the stray writes
 *
 * Context: any.
 * Return: their number since load.
 */
u64 report_total(void)
{
	return atomic64_read(&stray_writes);
}

/**
 * report_total_reads() - count the stray reads
 *
 * Context: any.
 * Return: their number since load.
 */
u64 report_total_reads(void)
{
	return atomic64_read(&stray_reads);
}

/**
 * report_total_pinned() - count the pinned writes
 *
 * Context: any.
 * Return: their number since load.
 */
u64 report_total_pinned(void)
{
	return atomic64_read(&pinned_writes);
}

/**
 * report_total_windows() - count the windows that were opened for pinned writes
 *
 * Context: any.
 * Return: their number since load.
 */
u64 report_total_windows(void)
{
	return atomic64_read(&pinned_windows);
}

/**
 * report_show() - print the records, and as text how many accesses have none
 * @m: the output
 * @json: print lines of JSON, not text
 *
 * Context: process context, sleeps.
 * Return: 0 or -ENOMEM.
 */
int report_show(struct seq_file *m, bool json)
{
	int ret = record_show(m, json);

	if (!ret && !json && atomic64_read(&unrecorded))
		seq_printf(m, "%lld more have no record\n",
			   atomic64_read(&unrecorded));
	return ret;
}

/* Look up the names of a module's functions before the module is gone. */
static int report_module_event(struct notifier_block *nb, unsigned long event,
			       void *data)
{
	report_settle();
	record_name_all();
	return NOTIFY_DONE;
}

static struct notifier_block report_modules = {
	.notifier_call = report_module_event,
};

/**
 * report_init() - allocate the notes of each CPU
 *
 * Context: process context, sleeps.
 * Return: 0, -ENOMEM, or an error of register_module_notifier().
 */
int __init report_init(void)
{
	struct report_cpu *c;
	int cpu, ret;

	cpus = alloc_percpu(struct report_cpu);
	if (!cpus)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		c = per_cpu_ptr(cpus, cpu);
		init_irq_work(&c->now, report_tell);
		c->later = IRQ_WORK_INIT_LAZY(report_tell);
	}
	ret = register_module_notifier(&report_modules);
	if (ret)
		free_percpu(cpus);
	return ret;
}

/**
 * report_exit() - report what is left, and free the notes
 *
 * Context: process context, sleeps; after the last stray access.
 */
void report_exit(void)
{
	unregister_module_notifier(&report_modules);
	report_settle();
	flush_delayed_work(&held_back_work);
	free_percpu(cpus);
}
