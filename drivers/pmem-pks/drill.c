// SPDX-License-Identifier: GPL-2.0
/*
 * The drill: stray writes of our own, to prove on the running machine that a
 * namespace is protected. The user asks for it by the namespace's file selftest.
 *
 * No byte of the namespace is written. A page of the module's data gets the
 * namespace's key and its mode, so PKRS denies a write to it as it denies one to the
 * namespace. That the namespace carries the key is looked up leaf by leaf.
 *
 * Context: process context, sleeps.
 */
#include <linux/cpu.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/uaccess.h>

#include "internal.h"

/* One after the other: there is one page. */
static DEFINE_MUTEX(drill_lock);
static u8 page[PAGE_SIZE] __aligned(PAGE_SIZE);
static struct domain target;
/* The write under way: what is written, how long it took, whether it was done or failed. */
static u64 value;
static u64 took_ns;
static bool done;
static bool failed;

static noinline void drill_write(void)
{
	u64 start = ktime_get_mono_fast_ns();

	failed = false;
	__put_kernel_nofault(page, &value, u64, denied);
	goto end;
denied:
	failed = true;
end:
	took_ns = ktime_get_mono_fast_ns() - start;
	done = true;
}

static void drill_thread(int cpu)
{
	drill_write();
}

static void drill_tasklet(struct tasklet_struct *tasklet)
{
	drill_write();
}

/* The softirq runs when the thread enables softirqs. */
static void drill_softirq(int cpu)
{
	struct tasklet_struct tasklet;

	tasklet_setup(&tasklet, drill_tasklet);
	local_bh_disable();
	tasklet_schedule(&tasklet);
	local_bh_enable();
	tasklet_kill(&tasklet);
}

static void drill_irq_work(struct irq_work *work)
{
	drill_write();
}

static void drill_interrupt(int cpu)
{
	struct irq_work work = IRQ_WORK_INIT_HARD(drill_irq_work);

	irq_work_queue(&work);
	irq_work_sync(&work);
}

static void drill_call(void *unused)
{
	drill_write();
}

static void drill_cpu(int cpu)
{
	smp_call_function_single(cpu, drill_call, NULL, true);
}

/*
 * Write once, by @way, and judge what came of it.
 * Return: NULL if all is as it must be, or what is wrong.
 */
static const char *drill_once(void (*way)(int cpu), int cpu)
{
	s64 strays = atomic64_read(&target.stray_writes);
	u64 before = *(u64 *)page;

	value = before + 1;
	done = false;
	/* The clock may have been set back meanwhile. */
	target.last_time = 0;
	target.last[0] = '\0';
	way(cpu);
	report_settle();
	if (!done)
		return "was not done";
	if (atomic64_read(&target.stray_writes) != strays + 1)
		return "is not caught";
	if (!target.last[0])
		return "is not reported";
	if (failed && target.fault_mode != FAULT_STRICT)
		return "is denied";
	if (!failed && target.fault_mode == FAULT_STRICT)
		return "is not denied";
	if (target.fault_mode == FAULT_RELAXED)
		return *(u64 *)page == value ? NULL : "is lost";
	return *(u64 *)page == before ? NULL : "has changed memory";
}

static const char * const outcomes[] = {
	[FAULT_RELAXED] = "let through",
	[FAULT_CONTAIN] = "dropped",
	[FAULT_STRICT] = "denied",
};

/* @name: where the write is done. Return: 0 or -EIO. */
static int drill_say(struct domain *d, int *len, const char *name,
		     const char *wrong)
{
	if (wrong) {
		pr_err("self-test of %s: a stray write in %s %s\n", d->name,
		       name, wrong);
		*len += scnprintf(d->drill + *len, sizeof(d->drill) - *len,
				  "%s: %s\n", name, wrong);
		return -EIO;
	}
	*len += scnprintf(d->drill + *len, sizeof(d->drill) - *len,
			  "%s: caught, reported, %s, %llu ns\n", name,
			  outcomes[target.fault_mode], took_ns);
	return 0;
}

/*
 * From an interrupt on each other CPU. The slowest is told. No CPU goes or comes, and the
 * thread stays where it is.
 */
static int drill_cpus(struct domain *d, int *len)
{
	const char *wrong = NULL;
	char name[32];
	u64 slowest = 0;
	int cpu, nr = 0;

	for_each_online_cpu(cpu) {
		if (cpu == smp_processor_id())
			continue;
		wrong = drill_once(drill_cpu, cpu);
		if (wrong)
			break;
		slowest = max(slowest, took_ns);
		nr++;
	}
	took_ns = slowest;
	if (wrong)
		snprintf(name, sizeof(name), "an interrupt of CPU %d", cpu);
	else
		snprintf(name, sizeof(name), "%d other CPU%s", nr,
			 nr == 1 ? "" : "s");
	return wrong || nr ? drill_say(d, len, name, wrong) : 0;
}

static const struct {
	const char *name;
	void (*go)(int cpu);
} ways[] = {
	{ "a thread", drill_thread },
	{ "a softirq", drill_softirq },
	{ "an interrupt", drill_interrupt },
};

/*
 * Write in each way, to the page that carries the namespace's key.
 *
 * The thread stays on its CPU all the while, so that none is left out. A CPU that goes
 * off waits until no thread has to stay on it: so none may go off before.
 */
static int drill_writes(struct domain *d, int *len)
{
	unsigned int i;
	int ret = 0;

	cpus_read_lock();
	migrate_disable();
	for (i = 0; i < ARRAY_SIZE(ways) && !ret; i++)
		ret = drill_say(d, len, ways[i].name, drill_once(ways[i].go, 0));
	if (!ret)
		ret = drill_cpus(d, len);
	migrate_enable();
	cpus_read_unlock();
	return ret;
}

/* What of a namespace is open. Return: NULL if nothing is. */
static const char *drill_open(struct domain *d)
{
	if (!READ_ONCE(d->protect))
		return "off";
	if (pks_is_open(d->key))
		return "open to all (fail_open)";
	if (READ_ONCE(d->aliases))
		return "open by a further mapping that has no key (aliases)";
	if (*shield_gaps)
		return "open to interrupts of a writer (degraded)";
	return NULL;
}

/* Whether the namespace is protected, as far as that can be looked up. */
static int drill_look(struct domain *d, int *len)
{
	struct keymap_leaves leaves;
	const char *wrong = drill_open(d);
	unsigned long nr;

	if (!wrong && keymap_leaves(d->start, d->end, d->key, &leaves))
		wrong = "not mapped";
	if (wrong) {
		*len += scnprintf(d->drill + *len, sizeof(d->drill) - *len,
				  "protection: %s\n", wrong);
		return -EIO;
	}
	nr = leaves.nr[0] + leaves.nr[1] + leaves.nr[2];
	*len += scnprintf(d->drill + *len, sizeof(d->drill) - *len,
			  "leaves: %lu of %lu carry key %d\n", leaves.keyed, nr,
			  d->key);
	return leaves.keyed == nr ? 0 : -EIO;
}

/* Write to a page that carries the key. Return: 0, or what drill_run() returns. */
static int drill_try(struct domain *d, int *len)
{
	bool shared;
	int key, ret;

	key = pks_key_get(d->key, &shared);
	memset(&target, 0, sizeof(target));
	domain_fill(&target, "self-test", key, (unsigned long)page, PAGE_SIZE);
	target.fault_mode = min_t(int, fault_mode_of(d), FAULT_STRICT);
	target.silent = true;
	ret = domain_add(&target);
	if (ret)
		goto put_key;
	ret = domain_protect(&target, true) ?: drill_writes(d, len);
	domain_del(&target);
	report_settle();
put_key:
	pks_key_put(key);
	return ret;
}

/**
 * drill_run() - prove that a namespace is protected
 * @d: its domain; d->drill has the result then, a line for each thing that was tried
 *
 * What is stray is counted and reported as ever, but for the drill alone: no counter,
 * record or event says that there was a stray write, and the log has only what is
 * wrong. The mode panic is tried as strict.
 *
 * Context: process context, sleeps. Cost: a look at each leaf of the namespace; three
 * stray writes, and one on each other CPU.
 * Return: 0; -EIO if something is wrong; -EBUSY while a thread that has lost its
 * grant may still write; or an error of domain_add().
 */
int drill_run(struct domain *d)
{
	const char *wrong;
	int len = 0, ret;

	mutex_lock(&drill_lock);
	memset(d->drill, 0, sizeof(d->drill));
	ret = drill_look(d, &len) ?: drill_try(d, &len);
	/* It may have been opened meanwhile. */
	wrong = ret ? NULL : drill_open(d);
	if (wrong) {
		ret = -EIO;
		len += scnprintf(d->drill + len, sizeof(d->drill) - len,
				 "protection afterwards: %s\n", wrong);
	}
	if (!ret || ret == -EIO)
		scnprintf(d->drill + len, sizeof(d->drill) - len,
			  "result: %s\n", ret ? "does not work" : "works");
	mutex_unlock(&drill_lock);
	return ret;
}

/**
 * drill_show() - print the result of a domain's last drill
 * @d: the domain
 * @buf: out: a page, for sysfs
 *
 * Context: process context, sleeps.
 * Return: the number of bytes printed; 0 if there was no drill.
 */
int drill_show(struct domain *d, char *buf)
{
	int len;

	mutex_lock(&drill_lock);
	len = sysfs_emit(buf, "%s", d->drill);
	mutex_unlock(&drill_lock);
	return len;
}
