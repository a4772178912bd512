// SPDX-License-Identifier: GPL-2.0
/*
 * What is told of a stray write: the counters, the log line, the domain's last.
 *
 * A stray write can come from anywhere, with any lock held, also the console's.
 * So the fault only counts, and copies what it knows into a free slot (found by
 * an atomic exchange, no lock). An interrupt raised on the same CPU, which
 * arrives when the offender has interrupts on again, prints it. When all slots
 * are waiting to be printed, the write is counted but not described.
 */
#include <linux/irq_work.h>
#include <linux/llist.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/smp.h>
#include <linux/spinlock.h>

#include "internal.h"

struct slot {
	struct llist_node node;
	struct domain *domain;
	struct stray stray;
	bool printed;
	atomic_t taken;
};

static struct slot slots[64];
static LLIST_HEAD(told);
static atomic64_t stray_writes, stray_reads, pinned_writes;
/* Orders the interrupt on different CPUs; nobody else takes it with them on. */
static DEFINE_RAW_SPINLOCK(report_lock);
static struct ratelimit_state report_limit =
	RATELIMIT_STATE_INIT_FLAGS(report_limit, 5 * HZ, 10,
				   RATELIMIT_MSG_ON_RELEASE);

static const char * const outcome[] = {
	[FAULT_RELAXED] = "let through",
	[FAULT_CONTAIN] = "dropped",
	[FAULT_STRICT] = "denied",
};

static int stray_print(char *buf, size_t size, const struct stray *s)
{
	return scnprintf(buf, size,
			 "stray %s %s+0x%lx by %pS, task %s:%d, CPU %d, %s",
			 s->read ? "read of" : "write to", s->domain, s->offset,
			 (void *)s->ip, s->comm, s->pid, s->cpu,
			 outcome[s->mode]);
}

static void report_print(const struct stray *stray)
{
	char line[256];
	int held_back;

	if (!__ratelimit(&report_limit))
		return;
	stray_print(line, sizeof(line), stray);
	held_back = xchg(&report_limit.missed, 0);
	if (held_back)
		pr_warn("%s; %d before it were not logged\n", line, held_back);
	else
		pr_warn("%s\n", line);
}

static void report_tell(struct irq_work *work)
{
	struct llist_node *all = llist_reverse_order(llist_del_all(&told));
	struct slot *slot, *next;

	llist_for_each_entry_safe(slot, next, all, node) {
		raw_spin_lock(&report_lock);
		slot->domain->last = slot->stray;
		raw_spin_unlock(&report_lock);
		if (!slot->printed)
			report_print(&slot->stray);
		atomic_set_release(&slot->taken, 0);
	}
}

static DEFINE_IRQ_WORK(report_work, report_tell);

/**
 * report_stray() - count a stray access and see that it is told
 * @d: the domain
 * @addr: the address
 * @regs: the registers of the offender
 * @read: whether it is a read
 * @mode: what is done about it
 *
 * Context: the page fault, which can interrupt anything. Takes no lock.
 */
void report_stray(struct domain *d, unsigned long addr, struct pt_regs *regs,
		  bool read, enum fault_mode mode)
{
	struct stray *s;
	int i;

	atomic64_inc(read ? &d->stray_reads : &d->stray_writes);
	if (d->silent)
		return;
	atomic64_inc(read ? &stray_reads : &stray_writes);

	for (i = 0; i < ARRAY_SIZE(slots); i++)
		if (!atomic_cmpxchg_acquire(&slots[i].taken, 0, 1))
			break;
	if (i == ARRAY_SIZE(slots))
		return;

	slots[i].domain = d;
	s = &slots[i].stray;
	strscpy(s->domain, d->name, sizeof(s->domain));
	memcpy(s->comm, current->comm, sizeof(s->comm));
	s->offset = addr - d->start;
	s->ip = instruction_pointer(regs);
	s->pid = task_pid_nr(current);
	s->cpu = smp_processor_id();
	s->read = read;
	s->mode = mode;
	/*
	 * The kernel prints its oops from here anyway, and of an interrupt's it
	 * never comes back.
	 */
	slots[i].printed = mode == FAULT_STRICT;
	if (slots[i].printed)
		report_print(s);
	llist_add(&slots[i].node, &told);
	irq_work_queue(&report_work);
}

/**
 * report_pinned() - count a pinned write
 * @d: the domain
 *
 * Context: the page fault.
 */
void report_pinned(struct domain *d)
{
	atomic64_inc(&d->pinned_writes);
	atomic64_inc(&pinned_writes);
}

/**
 * report_forget() - wait until no report speaks of a domain
 *
 * Context: process context, after domain_del(); sleeps.
 */
void report_forget(void)
{
	irq_work_sync(&report_work);
}

/**
 * report_last() - print the last stray write of a domain
 * @d: the domain
 * @buf: where to
 * @size: its size
 *
 * Return: the number of bytes printed, 0 when there was none.
 */
int report_last(struct domain *d, char *buf, size_t size)
{
	struct stray last;
	unsigned long flags;

	raw_spin_lock_irqsave(&report_lock, flags);
	last = d->last;
	raw_spin_unlock_irqrestore(&report_lock, flags);
	return last.ip ? stray_print(buf, size, &last) : 0;
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
