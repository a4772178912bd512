// SPDX-License-Identifier: GPL-2.0
/*
 * The scenarios. Compiled with linux/highmem-internal.h of this project before
 * the kernel's: kmap_local_page() and its like are the ones under test.
 *
 * They need the mode relaxed, where a stray write is counted and goes on.
 */
#include <linux/bits.h>
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pks.h>
#include <linux/pmem_pks.h>
#include <linux/sched/task.h>
#include <asm/apic.h>
#include <asm/msr.h>
#include <asm/nmi.h>

#include "scenarios.h"

#ifndef MSR_IA32_PKRS
#define MSR_IA32_PKRS	0x000006e1
#endif

static struct page *pages;
static int key_a, key_b;
static struct pmem_pks_domain *domain_a, *domain_b;

static u64 *word(unsigned int page)
{
	return page_address(pages + page);
}

static void store(unsigned int page)
{
	WRITE_ONCE(*word(page), READ_ONCE(*word(page)) + 1);
}

static bool is_open(int key)
{
	u64 pkrs;

	rdmsrl(MSR_IA32_PKRS, pkrs);
	return !(pkrs & (3ull << (key * 2)));
}

static bool open_a(void)
{
	return is_open(key_a);
}

static bool open_b(void)
{
	return is_open(key_b);
}

static unsigned int strays(void)
{
	return pmem_pks_domain_strays(domain_a) +
	       pmem_pks_domain_strays(domain_b);
}

struct page *scenarios_page(unsigned int page)
{
	return pages + page;
}

bool scenarios_open(void)
{
	return open_a() || open_b();
}

unsigned int scenarios_strays(void)
{
	return strays();
}

/* Whether a store to a page of "one" from here and now is a stray one. */
static bool caught(void)
{
	unsigned int before = strays();

	store(PAGE_A);
	return strays() - before == 1;
}

static void promise(struct scenario_run *run, bool holds, const char *what)
{
	run->told(run, holds, what);
}

#define PROMISE(run, holds)	promise(run, holds, #holds)
#define PROMISE_OF(run, what, holds)	promise(run, holds, what ": " #holds)

/* Contexts: a function is run in each */

struct context_work {
	void (*func)(void *arg);
	void *arg;
	struct irq_work irq;
	struct tasklet_struct tasklet;
	struct completion done;
};

static void context_irq(struct irq_work *irq)
{
	struct context_work *work = container_of(irq, struct context_work, irq);

	work->func(work->arg);
}

static void in_hardirq_do(void (*func)(void *), void *arg)
{
	struct context_work work = { .func = func, .arg = arg };

	work.irq = IRQ_WORK_INIT_HARD(context_irq);
	irq_work_queue(&work.irq);
	irq_work_sync(&work.irq);
}

static void context_tasklet(struct tasklet_struct *tasklet)
{
	struct context_work *work = from_tasklet(work, tasklet, tasklet);

	work->func(work->arg);
}

static void context_schedule(struct irq_work *irq)
{
	struct context_work *work = container_of(irq, struct context_work, irq);

	tasklet_schedule(&work->tasklet);
}

/* Behind a hardirq, which interrupts us. */
static void in_softirq_do(void (*func)(void *), void *arg)
{
	struct context_work work = { .func = func, .arg = arg };

	tasklet_setup(&work.tasklet, context_tasklet);
	work.irq = IRQ_WORK_INIT_HARD(context_schedule);
	irq_work_queue(&work.irq);
	irq_work_sync(&work.irq);
	tasklet_kill(&work.tasklet);
}

/* In this thread, where it enables softirqs. */
static void in_own_softirq_do(void (*func)(void *), void *arg)
{
	struct context_work work = { .func = func, .arg = arg };

	tasklet_setup(&work.tasklet, context_tasklet);
	local_bh_disable();
	tasklet_schedule(&work.tasklet);
	local_bh_enable();
	tasklet_kill(&work.tasklet);
}

static int context_thread(void *arg)
{
	struct context_work *work = arg;

	work->func(work->arg);
	complete(&work->done);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 0;
}

/* @cpu: where, -1: anywhere */
static bool in_thread_do(int cpu, void (*func)(void *), void *arg)
{
	struct context_work work = { .func = func, .arg = arg };
	struct task_struct *task;

	init_completion(&work.done);
	task = kthread_create(context_thread, &work, "pks-scenario");
	if (IS_ERR(task))
		return false;
	if (cpu >= 0)
		kthread_bind(task, cpu);
	wake_up_process(task);
	wait_for_completion(&work.done);
	kthread_stop(task);
	return true;
}

struct seen {
	bool ran;
	bool open;
	bool caught;
	bool fine;
};

/* What a context sees that has no grant. */
static void look(void *arg)
{
	struct seen *seen = arg;

	seen->open = open_a();
	seen->caught = caught();
	seen->ran = true;
}

/* What one sees that maps a page itself. */
static void map_and_store(void *arg)
{
	unsigned int before = strays();
	struct seen *seen = arg;
	void *addr;

	seen->open = open_a();
	addr = kmap_local_page(pages + PAGE_A);
	seen->fine = open_a();
	store(PAGE_A);
	kunmap_local(addr);
	seen->fine = seen->fine && !open_a() && strays() == before;
	seen->caught = caught();
	seen->ran = true;
}

static void closed_without_a_map(struct scenario_run *run)
{
	PROMISE(run, !open_a() && !open_b());
	PROMISE(run, caught());
	PROMISE(run, caught());
}

#define MAPPED(to, map, unmap)						\
do {									\
	struct scenario_run *run = (to);				\
	unsigned int before = strays();					\
	void *addr = (map);						\
									\
	PROMISE_OF(run, #map, addr && open_a());			\
	store(PAGE_A);							\
	unmap(addr);							\
	PROMISE_OF(run, #map, strays() == before);			\
	PROMISE_OF(run, #map, !open_a());				\
	PROMISE_OF(run, #map, caught());				\
} while (0)

static void every_kind_of_map_opens(struct scenario_run *each)
{
	struct page *page = pages + PAGE_A;
	unsigned long pfn = page_to_pfn(page);

	MAPPED(each, kmap_local_page(page), kunmap_local);
	MAPPED(each, kmap_local_folio(page_folio(page), 0), kunmap_local);
	MAPPED(each, kmap_local_page_prot(page, PAGE_KERNEL), kunmap_local);
	MAPPED(each, kmap_local_pfn(pfn), kunmap_local);
	MAPPED(each, kmap_local_range(page, 1), kunmap_local);
	MAPPED(each, kmap_local_range(page, PAGES_A), kunmap_local);
	MAPPED(each, kmap_atomic(page), kunmap_atomic);
	MAPPED(each, kmap_atomic_prot(page, PAGE_KERNEL), kunmap_atomic);
	MAPPED(each, kmap_atomic_pfn(pfn), kunmap_atomic);
}

static void helpers_on_maps_open(struct scenario_run *run)
{
	struct page *page = pages + PAGE_A;
	unsigned int before = strays();
	char text[16] = "fifteen letters";

	memcpy_to_page(page, 8, text, sizeof(text));
	PROMISE(run, !memcmp((char *)word(PAGE_A) + 8, text, sizeof(text)));
	memcpy_from_page(text, page, 8, sizeof(text));
	memzero_page(page, 8, 16);
	PROMISE(run, !memchr_inv((char *)word(PAGE_A) + 8, 0, 16));
	memset_page(page, 0, 1, 8);
	zero_user_segments(page, 0, 8, 64, 128);
	zero_user(page, 0, 8);
	PROMISE(run, !*word(PAGE_A));
	*word(PAGE_BELOW) = 77;
	copy_highpage(page, pages + PAGE_BELOW);
	PROMISE(run, *word(PAGE_A) == 77);
	memcpy_page(page, 0, pages + PAGE_BELOW, 0, 64);
	clear_highpage(page);
	PROMISE(run, !*word(PAGE_A));
	PROMISE(run, strays() == before);
	PROMISE(run, !open_a());
}

static void maps_nest(struct scenario_run *run)
{
	unsigned int before = strays();
	void *addr[3];
	int i;

	for (i = 0; i < 3; i++)
		addr[i] = kmap_local_page(pages + PAGE_A + i);
	store(PAGE_A);
	kunmap_local(addr[1]);
	PROMISE(run, open_a());
	store(PAGE_A);
	kunmap_local(addr[0]);
	PROMISE(run, open_a());
	store(PAGE_A);
	kunmap_local(addr[2]);
	PROMISE(run, !open_a());
	PROMISE(run, strays() == before);
	PROMISE(run, caught());
}

static void maps_end_in_any_order(struct scenario_run *run)
{
	unsigned int before = strays();
	void *a = kmap_local_page(pages + PAGE_A);
	void *b = kmap_local_page(pages + PAGE_B);
	void *a2 = kmap_local_page(pages + PAGE_A + 1);
	void *b2 = kmap_local_page(pages + PAGE_B + 1);

	PROMISE(run, open_a() && open_b());
	kunmap_local(a);
	PROMISE(run, open_a() && open_b());
	kunmap_local(a2);
	PROMISE(run, !open_a() && open_b());
	store(PAGE_B);
	kunmap_local(b2);
	PROMISE(run, open_b());
	store(PAGE_B);
	PROMISE(run, strays() == before);
	PROMISE(run, caught());
	kunmap_local(b);
	PROMISE(run, !open_a() && !open_b());
}

static void grants_and_maps_mix(struct scenario_run *run)
{
	unsigned int before = strays();
	void *addr, *nested;

	PROMISE(run, !pks_grant(key_a));
	addr = kmap_local_page(pages + PAGE_A);
	nested = kmap_local_page(pages + PAGE_A);
	PROMISE(run, !pks_revoke(key_a));
	PROMISE(run, open_a());
	kunmap_local(addr);
	PROMISE(run, open_a());
	store(PAGE_A);
	kunmap_local(nested);
	PROMISE(run, !open_a());

	/* The grant in the map, and the map ends first. */
	addr = kmap_local_page(pages + PAGE_A);
	PROMISE(run, !pks_grant(key_a));
	kunmap_local(addr);
	PROMISE(run, open_a());
	PROMISE(run, !pks_revoke(key_a));
	PROMISE(run, !open_a());

	/* A map of one domain in a grant of the other. */
	PROMISE(run, !pks_grant(key_b));
	addr = kmap_local_page(pages + PAGE_A);
	PROMISE(run, !pks_revoke(key_b));
	PROMISE(run, open_a() && !open_b());
	kunmap_local(addr);
	PROMISE(run, !open_a());
	PROMISE(run, strays() == before);
}

static void an_unmap_without_a_map_changes_nothing(struct scenario_run *run)
{
	unsigned int before = strays();
	void *addr = word(PAGE_A);

	kunmap_local(addr);
	kunmap_local(addr);
	PROMISE(run, pks_revoke(key_a) == -EINVAL);
	PROMISE(run, !open_a());
	addr = kmap_local_page(pages + PAGE_A);
	PROMISE(run, open_a());
	store(PAGE_A);
	kunmap_local(addr);
	PROMISE(run, !open_a());
	PROMISE(run, strays() == before);
	PROMISE(run, caught());
}

static void other_threads_have_none(struct scenario_run *run)
{
	void *addr = kmap_local_page(pages + PAGE_A);
	unsigned int before, cpu;

	for_each_online_cpu(cpu) {
		struct seen seen = {};

		PROMISE(run, in_thread_do(cpu, look, &seen));
		PROMISE(run, seen.ran && !seen.open && seen.caught);
		before = strays();
		store(PAGE_A);
		PROMISE(run, open_a() && strays() == before);
	}
	kunmap_local(addr);
	PROMISE(run, !open_a());
}

static void other_threads_may_map(struct scenario_run *run)
{
	void *addr = kmap_local_page(pages + PAGE_A);
	unsigned int cpu, before;

	for_each_online_cpu(cpu) {
		struct seen seen = {};

		PROMISE(run, in_thread_do(cpu, map_and_store, &seen));
		PROMISE(run, seen.ran && !seen.open);
		PROMISE(run, seen.fine && seen.caught);
	}
	before = strays();
	store(PAGE_A);
	PROMISE(run, open_a() && strays() == before);
	kunmap_local(addr);
	PROMISE(run, !open_a());
}

static void a_new_thread_inherits_none(struct scenario_run *run)
{
	void *addr = kmap_local_page(pages + PAGE_A);
	struct seen seen = {};

	/* kthreadd is not our child: for user threads there is fork.sh. */
	PROMISE(run, in_thread_do(-1, look, &seen));
	PROMISE(run, seen.ran && !seen.open && seen.caught);
	kunmap_local(addr);
}

static void a_grant_outlasts_sleep(struct scenario_run *run)
{
	unsigned int before = strays();
	void *addr = kmap_local_page(pages + PAGE_A);
	void *nested = kmap_local_page(pages + PAGE_A);
	int i;

	for (i = 0; i < 3; i++) {
		msleep(20);
		PROMISE(run, open_a());
		store(PAGE_A);
	}
	kunmap_local(nested);
	msleep(20);
	PROMISE(run, open_a());
	store(PAGE_A);
	kunmap_local(addr);
	msleep(20);
	PROMISE(run, !open_a());
	PROMISE(run, strays() == before);
}

static void a_grant_follows_migration(struct scenario_run *run)
{
	unsigned int before = strays(), cpu, round;
	cpumask_var_t mask;
	void *addr;

	if (!zalloc_cpumask_var(&mask, GFP_KERNEL)) {
		PROMISE(run, !"memory");
		return;
	}
	cpumask_copy(mask, current->cpus_ptr);
	addr = kmap_local_page(pages + PAGE_A);
	for (round = 0; round < 3; round++) {
		for_each_online_cpu(cpu) {
			if (set_cpus_allowed_ptr(current, cpumask_of(cpu)))
				continue;
			PROMISE(run, raw_smp_processor_id() == cpu);
			PROMISE(run, open_a());
			store(PAGE_A);
		}
	}
	kunmap_local(addr);
	PROMISE(run, !open_a());
	for_each_online_cpu(cpu) {
		if (set_cpus_allowed_ptr(current, cpumask_of(cpu)))
			continue;
		PROMISE(run, !open_a());
	}
	set_cpus_allowed_ptr(current, mask);
	free_cpumask_var(mask);
	PROMISE(run, strays() == before);
}

/* Two threads on one CPU, in turns, each with a map half of the time. */
struct busy {
	unsigned int rounds;
	bool fine;
	struct completion done;
};

static int busy_thread(void *arg)
{
	struct busy *busy = arg;
	unsigned int i, j;
	void *addr;

	busy->fine = true;
	for (i = 0; i < busy->rounds; i++) {
		addr = kmap_local_page(pages + PAGE_A + i % PAGES_A);
		for (j = 0; j < 50; j++) {
			store(PAGE_A + 1);
			if (!(j % 7))
				schedule();
			busy->fine &= open_a();
		}
		kunmap_local(addr);
		busy->fine &= !open_a();
		schedule();
		busy->fine &= !open_a();
	}
	complete(&busy->done);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 0;
}

static void threads_in_turns_keep_theirs_apart(struct scenario_run *run)
{
	struct busy busy[3] = {};
	struct task_struct *task[ARRAY_SIZE(busy)];
	unsigned int before = strays(), i;

	for (i = 0; i < ARRAY_SIZE(busy); i++) {
		busy[i].rounds = 100;
		init_completion(&busy[i].done);
		task[i] = kthread_create(busy_thread, &busy[i], "pks-busy");
		if (IS_ERR(task[i])) {
			PROMISE(run, !"a thread");
			continue;
		}
		kthread_bind(task[i], cpumask_first(cpu_online_mask));
		wake_up_process(task[i]);
	}
	for (i = 0; i < ARRAY_SIZE(busy); i++) {
		if (IS_ERR(task[i]))
			continue;
		wait_for_completion(&busy[i].done);
		kthread_stop(task[i]);
		PROMISE(run, busy[i].fine);
	}
	PROMISE(run, strays() == before);
}

static void interrupts_may_map(struct scenario_run *run)
{
	struct seen hard = {}, soft = {}, own = {};

	in_hardirq_do(map_and_store, &hard);
	PROMISE(run, hard.ran && !hard.open && hard.fine && hard.caught);
	in_softirq_do(map_and_store, &soft);
	PROMISE(run, soft.ran && !soft.open && soft.fine && soft.caught);
	in_own_softirq_do(map_and_store, &own);
	PROMISE(run, own.ran && !own.open && own.fine && own.caught);
	PROMISE(run, !open_a());
}

static void a_map_works_with_interrupts_off(struct scenario_run *run)
{
	struct seen seen = {};
	unsigned long flags;

	local_irq_save(flags);
	map_and_store(&seen);
	local_irq_restore(flags);
	PROMISE(run, !seen.open && seen.fine && seen.caught);
}

#define SHIELDED(to, context)						\
do {									\
	void (*in)(void (*func)(void *arg), void *arg) = (context);	\
	struct scenario_run *run = (to);				\
	struct seen seen = {}, maps = {};				\
	unsigned int before;						\
									\
	in(look, &seen);						\
	PROMISE_OF(run, #context,					\
		   seen.ran && !seen.open && seen.caught);		\
	PROMISE_OF(run, #context, open_a());				\
	in(map_and_store, &maps);					\
	PROMISE_OF(run, #context,					\
		   maps.ran && !maps.open && maps.fine && maps.caught);	\
	before = strays();						\
	PROMISE_OF(run, #context, open_a());				\
	store(PAGE_A);							\
	PROMISE_OF(run, #context, strays() == before);			\
} while (0)

static void interrupts_are_shielded(struct scenario_run *each)
{
	void *addr = kmap_local_page(pages + PAGE_A);
	void *nested = kmap_local_page(pages + PAGE_A);

	SHIELDED(each, in_hardirq_do);
	SHIELDED(each, in_softirq_do);
	SHIELDED(each, in_own_softirq_do);
	kunmap_local(nested);
	SHIELDED(each, in_hardirq_do);
	kunmap_local(addr);
	PROMISE(each, !open_a());
}

/* A window in a softirq, and an interrupt of that. */
static void softirq_with_window(void *arg)
{
	struct seen *seen = arg;
	struct seen inner = {};
	void *addr;

	seen->open = open_a();
	addr = kmap_local_page(pages + PAGE_A);
	seen->fine = open_a();
	/* The interrupt comes at once: no waiting in here. */
	{
		static struct context_work work;

		work.func = look;
		work.arg = &inner;
		work.irq = IRQ_WORK_INIT_HARD(context_irq);
		irq_work_queue(&work.irq);
		while (irq_work_is_busy(&work.irq))
			cpu_relax();
	}
	seen->fine = seen->fine && inner.ran && !inner.open && inner.caught &&
		     open_a();
	kunmap_local(addr);
	seen->fine = seen->fine && !open_a();
	seen->ran = true;
}

static void interrupts_of_interrupts_are_shielded(struct scenario_run *run)
{
	struct seen bare = {}, seen = {};
	void *addr;

	in_softirq_do(softirq_with_window, &bare);
	PROMISE(run, bare.ran && !bare.open && bare.fine);
	addr = kmap_local_page(pages + PAGE_A);
	in_softirq_do(softirq_with_window, &seen);
	PROMISE(run, seen.ran && !seen.open && seen.fine);
	in_own_softirq_do(softirq_with_window, &seen);
	PROMISE(run, seen.ran && !seen.open && seen.fine);
	PROMISE(run, open_a());
	kunmap_local(addr);
	PROMISE(run, !open_a());
}

static struct seen nmi_seen;

static int nmi_look(unsigned int type, struct pt_regs *regs)
{
	look(&nmi_seen);
	return NMI_HANDLED;
}

/* The tests' machines have an xAPIC: its self-interrupt, as NMI. */
static void nmi_here(void)
{
	memset(&nmi_seen, 0, sizeof(nmi_seen));
	preempt_disable();
	native_apic_mem_write(APIC_ICR, APIC_DEST_SELF | APIC_DM_NMI);
	while (!READ_ONCE(nmi_seen.ran))
		cpu_relax();
	preempt_enable();
}

static void an_nmi_is_shielded(struct scenario_run *run)
{
	unsigned int before;
	void *addr;

	PROMISE(run, !register_nmi_handler(NMI_LOCAL, nmi_look, 0,
					   "pks-scenario"));
	nmi_here();
	PROMISE(run, !nmi_seen.open && nmi_seen.caught && !open_a());
	addr = kmap_local_page(pages + PAGE_A);
	nmi_here();
	PROMISE(run, !nmi_seen.open && nmi_seen.caught);
	before = strays();
	PROMISE(run, open_a());
	store(PAGE_A);
	PROMISE(run, strays() == before);
	kunmap_local(addr);
	PROMISE(run, !open_a());
	unregister_nmi_handler(NMI_LOCAL, "pks-scenario");
}

static void every_stray_write_is_seen(struct scenario_run *run)
{
	struct seen seen = {};
	int i;

	for (i = 0; i < 20; i++)
		PROMISE(run, caught());
	PROMISE(run, in_thread_do(-1, look, &seen));
	PROMISE(run, !seen.open && seen.caught);
}

/* @first, @nr: the pages; what is open while they are mapped. */
static void range(struct scenario_run *run, unsigned int first,
		  unsigned int nr, bool a, bool b)
{
	unsigned int before = strays(), i;
	void *addr = kmap_local_range(pages + first, nr);
	void *inner;

	PROMISE(run, addr == word(first));
	PROMISE(run, open_a() == a && open_b() == b);
	for (i = first; i < first + nr; i++)
		store(i);
	/* Another map of the same domain, which ends after. */
	inner = kmap_local_page(pages + PAGE_A);
	kunmap_local(addr);
	PROMISE(run, open_a() && !open_b());
	kunmap_local(inner);
	PROMISE(run, !open_a() && !open_b());
	PROMISE(run, strays() == before);
}

static void a_range_may_reach_over_edges(struct scenario_run *run)
{
	range(run, PAGE_A, PAGES_A, true, false);
	range(run, PAGE_B, PAGES_B, false, true);
	range(run, PAGE_BELOW, 1, false, false);
	range(run, PAGE_BELOW, 3, true, false);
	range(run, PAGE_A + 2, 3, true, true);
	range(run, PAGE_B, PAGES_B + 1, false, true);
	range(run, PAGE_BELOW, NR_PAGES, true, true);
	range(run, PAGE_ABOVE, 1, false, false);
}

static void ranges_over_edges_nest(struct scenario_run *run)
{
	unsigned int before = strays();
	void *one = kmap_local_page(pages + PAGE_A + 3);
	void *nested = kmap_local_page(pages + PAGE_A + 3);
	void *over = kmap_local_range(pages + PAGE_A + 3, 2);
	void *again = kmap_local_range(pages + PAGE_BELOW, NR_PAGES);
	void *ram = kmap_local_page(pages + PAGE_BELOW);
	void *same = kmap_local_page(pages + PAGE_A + 3);

	/* Those of one first page end newest first. */
	msleep(20);
	kunmap_local(ram);
	PROMISE(run, open_a() && open_b());
	kunmap_local(same);
	PROMISE(run, open_a() && open_b());
	store(PAGE_B);
	kunmap_local(over);
	PROMISE(run, open_a() && open_b());
	kunmap_local(nested);
	PROMISE(run, open_a() && open_b());
	kunmap_local(one);
	PROMISE(run, open_a() && open_b());
	store(PAGE_A);
	store(PAGE_B);
	kunmap_local(again);
	PROMISE(run, !open_a() && !open_b());

	/* Also those that were there before. */
	one = kmap_local_page(pages + PAGE_A + 3);
	nested = kmap_local_page(pages + PAGE_A + 3);
	over = kmap_local_range(pages + PAGE_A + 3, 2);
	kunmap_local(over);
	PROMISE(run, open_a() && !open_b());
	kunmap_local(nested);
	PROMISE(run, open_a());
	kunmap_local(one);
	PROMISE(run, !open_a() && !open_b());
	PROMISE(run, strays() == before);
}

const struct scenario scenarios[] = {
	{ "closed_without_a_map", closed_without_a_map },
	{ "every_kind_of_map_opens", every_kind_of_map_opens },
	{ "helpers_on_maps_open", helpers_on_maps_open },
	{ "maps_nest", maps_nest },
	{ "maps_end_in_any_order", maps_end_in_any_order },
	{ "grants_and_maps_mix", grants_and_maps_mix },
	{ "an_unmap_without_a_map_changes_nothing",
	  an_unmap_without_a_map_changes_nothing },
	{ "other_threads_have_none", other_threads_have_none },
	{ "other_threads_may_map", other_threads_may_map },
	{ "a_new_thread_inherits_none", a_new_thread_inherits_none },
	{ "a_grant_outlasts_sleep", a_grant_outlasts_sleep },
	{ "a_grant_follows_migration", a_grant_follows_migration },
	{ "threads_in_turns_keep_theirs_apart",
	  threads_in_turns_keep_theirs_apart },
	{ "interrupts_may_map", interrupts_may_map },
	{ "a_map_works_with_interrupts_off", a_map_works_with_interrupts_off },
	{ "interrupts_are_shielded", interrupts_are_shielded },
	{ "interrupts_of_interrupts_are_shielded",
	  interrupts_of_interrupts_are_shielded },
	{ "an_nmi_is_shielded", an_nmi_is_shielded },
	{ "every_stray_write_is_seen", every_stray_write_is_seen },
	{ "a_range_may_reach_over_edges", a_range_may_reach_over_edges },
	{ "ranges_over_edges_nest", ranges_over_edges_nest },
};

const unsigned int nr_scenarios = ARRAY_SIZE(scenarios);

/**
 * scenarios_begin() - have the pages, and make them domains
 *
 * Return: 0 or an error.
 */
int scenarios_begin(void)
{
	int ret = -ENOMEM;

	pages = alloc_pages(GFP_KERNEL | __GFP_ZERO,
			    get_order(NR_PAGES << PAGE_SHIFT));
	if (!pages)
		return ret;
	key_a = pks_key_alloc(PKS_DENY_WRITE);
	key_b = pks_key_alloc(PKS_DENY_WRITE);
	domain_a = pmem_pks_domain_add("one", key_a, word(PAGE_A),
				       PAGES_A * PAGE_SIZE);
	domain_b = pmem_pks_domain_add("two", key_b, word(PAGE_B),
				       PAGES_B * PAGE_SIZE);
	if (!IS_ERR(domain_a) && !IS_ERR(domain_b))
		return 0;
	scenarios_end();
	return -EIO;
}

/**
 * scenarios_end() - give all back
 */
void scenarios_end(void)
{
	if (!IS_ERR(domain_a))
		pmem_pks_domain_del(domain_a);
	if (!IS_ERR(domain_b))
		pmem_pks_domain_del(domain_b);
	if (pks_key_free(key_a) || pks_key_free(key_b))
		pr_err("scenarios: a key is still in use\n");
	__free_pages(pages, get_order(NR_PAGES << PAGE_SHIFT));
}
