// SPDX-License-Identifier: GPL-2.0
/*
 * The self-test: checks that the hooks are called, not only placed. It runs when the
 * module is loaded, and when hook_selftest in debugfs is read.
 *
 * A hook may be placed and never called: the compiler may have made a second copy of
 * the function, or the kernel may use another function. So a thread with a key open
 * enters each kind of context that should start closed, and the code that runs there
 * reads PKRS. A stray write to a test page must be caught. A write to it by a
 * wrapped writer that can be called without harm must not be.
 *
 * Context: process context, sleeps.
 */
#include <linux/dax.h>
#include <linux/dcache.h>
#include <linux/delay.h>
#include <linux/fs_struct.h>
#include <linux/interrupt.h>
#include <linux/iomap.h>
#include <linux/irq_work.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/path.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/stop_machine.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <asm/apic.h>
#include <asm/irq_vectors.h>
#include <asm/nmi.h>

#include "internal.h"

/* The longest time to wait for an interrupt, in milliseconds. */
#define PATIENCE_MS	1000
/* More than an NMI from a CPU to itself takes, in microseconds. */
#define NMI_WAY_US	100

static DEFINE_MUTEX(selftest_lock);
static int test_key;
/* Whether a probe has run, and found the key closed. */
static enum { NOT_SEEN, SEEN_OPEN, SEEN_CLOSED } seen;

static bool selftest_is_open(void)
{
	bool open;

	preempt_disable();
	open = !(pks_read() & PKRS_KEY_MASK(test_key));
	preempt_enable();
	return open;
}

static void selftest_look(void)
{
	WRITE_ONCE(seen, selftest_is_open() ? SEEN_OPEN : SEEN_CLOSED);
}

/* Wait for the probe, on the CPU where it is to run. Preemption off. */
static void selftest_wait(void)
{
	ktime_t end = ktime_add_ms(ktime_get(), PATIENCE_MS);

	while (READ_ONCE(seen) == NOT_SEEN && ktime_before(ktime_get(), end))
		cpu_relax();
}

static void selftest_irq_work(struct irq_work *work)
{
	selftest_look();
}

static int selftest_interrupt(void)
{
	struct irq_work work = IRQ_WORK_INIT_HARD(selftest_irq_work);

	preempt_disable();
	irq_work_queue(&work);
	selftest_wait();
	preempt_enable();
	irq_work_sync(&work);
	return 0;
}

static void selftest_tasklet(struct tasklet_struct *tasklet)
{
	selftest_look();
}

/* The softirq runs when the thread enables softirqs. */
static int selftest_softirq(void)
{
	struct tasklet_struct tasklet;

	tasklet_setup(&tasklet, selftest_tasklet);
	local_bh_disable();
	tasklet_schedule(&tasklet);
	local_bh_enable();
	tasklet_kill(&tasklet);
	return 0;
}

/* Where the NMI is sent to. */
static int nmi_cpu;

/*
 * All CPUs come here, and not only for the test's NMI. On its CPU each one is judged,
 * and the worst counts: each must start closed. Each is said to be handled, as the
 * kernel calls one that no handler knows a fault of the machine.
 */
static int selftest_nmi_handler(unsigned int type, struct pt_regs *regs)
{
	if (raw_smp_processor_id() != READ_ONCE(nmi_cpu))
		return NMI_DONE;
	if (READ_ONCE(seen) != SEEN_OPEN)
		selftest_look();
	return NMI_HANDLED;
}

/* Return: 1 if no NMI can be raised here. */
static int selftest_nmi(void)
{
	int ret;

	if (!boot_cpu_has(X86_FEATURE_APIC))
		return 1;
	migrate_disable();
	WRITE_ONCE(nmi_cpu, smp_processor_id());
	ret = register_nmi_handler(NMI_LOCAL, selftest_nmi_handler, 0,
				   "pmem_pks");
	if (ret)
		goto enable;
	preempt_disable();
	apic->send_IPI_mask(cpumask_of(nmi_cpu), NMI_VECTOR);
	selftest_wait();
	/*
	 * If it was another NMI that was seen, the sent one is on its way. It takes
	 * nanoseconds, and the handler has to be there for it.
	 */
	udelay(NMI_WAY_US);
	preempt_enable();
	unregister_nmi_handler(NMI_LOCAL, "pmem_pks");
enable:
	migrate_enable();
	return ret;
}

/* On each CPU, and the worst counts. */
static int selftest_stopped(void *unused)
{
	if (selftest_is_open())
		WRITE_ONCE(seen, SEEN_OPEN);
	else
		cmpxchg(&seen, NOT_SEEN, SEEN_CLOSED);
	return 0;
}

/*
 * Switch from this thread to another one: to the stopper of its CPU, which needs no
 * memory, and goes before every other thread. Nothing keeps this one on its CPU before.
 */
static int selftest_switch(void)
{
	return stop_machine(selftest_stopped, NULL, cpu_online_mask);
}

/*
 * The fault fails, as nothing is mapped there: no memory is needed, and no limit is in
 * the way.
 *
 * Return: 1 in a kernel thread, which has no user pages, and where something is mapped.
 */
static int selftest_fault(void)
{
	char byte;

	if (!current->mm)
		return 1;
	WRITE_ONCE(shield_fault_seen, false);
	if (!copy_from_user(&byte, NULL, 1))
		return 1;
	if (READ_ONCE(shield_fault_seen))
		WRITE_ONCE(seen, SEEN_CLOSED);
	return 0;
}

static const struct {
	const char *what;
	enum shield_way way;
	int (*go)(void);
} probes[] = {
	{ "a context switch", SHIELD_SWITCH, selftest_switch },
	{ "an interrupt", SHIELD_INTERRUPT, selftest_interrupt },
	{ "a softirq", SHIELD_SOFTIRQ, selftest_softirq },
	{ "an NMI", SHIELD_NMI, selftest_nmi },
	{ "a page fault", SHIELD_FAULT, selftest_fault },
};

/* @m: the output; NULL: log only what is wrong. Return: 0 or -EIO. */
static int selftest_say(struct seq_file *m, const char *hook, const char *what,
			const char *wrong, const char *left_out)
{
	if (m)
		seq_printf(m, "%s: %s\n", hook,
			   wrong ?: left_out ?: "called");
	else if (wrong)
		pr_err("self-test: %s: %s %s\n", hook, what, wrong);
	return wrong ? -EIO : 0;
}

static int selftest_probe(struct seq_file *m, unsigned int i)
{
	const struct hook *hook = shield_hook(probes[i].way);
	const char *wrong = NULL, *left_out = NULL;
	int ret;

	if (hook->left_out) {
		left_out = "left out (degrade=1)";
	} else {
		WRITE_ONCE(seen, NOT_SEEN);
		ret = probes[i].go();
		if (ret > 0)
			left_out = "can't be tried here";
		else if (ret)
			wrong = "can't be raised";
		else if (seen == NOT_SEEN)
			wrong = "was not seen";
		else if (seen == SEEN_OPEN && pks_is_open(test_key))
			wrong = "can't be judged: its key has failed open";
		else if (seen == SEEN_OPEN)
			wrong = "does not start closed: the hook is not called";
		else if (!selftest_is_open())
			wrong = "has ended the grant that it came upon";
	}
	return selftest_say(m, hook->name, probes[i].what, wrong, left_out);
}

static int selftest_shield(struct seq_file *m)
{
	int ret = 0;
	unsigned int i;

	preempt_disable();
	grant_open_slowly(test_key);
	preempt_enable();
	/* Stop at the first error: it may make the other probes fail. */
	for (i = 0; i < ARRAY_SIZE(probes) && !ret; i++)
		ret = selftest_probe(m, i);
	preempt_disable();
	grant_close_slowly(test_key);
	preempt_enable();
	return ret;
}

static const u64 test_value = 0x5041535345444259;

/* Try a store that must be denied, caught and let through. */
static int selftest_stray(struct seq_file *m, struct domain *d)
{
	u64 *place = (u64 *)d->start;
	const char *wrong = NULL;

	__put_kernel_nofault(place, &test_value, u64, denied);
	if (pks_is_open(test_key))
		wrong = "can't be judged: its key has failed open";
	else if (atomic64_read(&d->stray_writes) != 1)
		wrong = "is not caught once";
	else if (*place != test_value)
		wrong = "is lost";
	goto say;
denied:
	wrong = "does not reach us: the hook is not called";
say:
	return selftest_say(m, "bad_area_nosemaphore", "a stray write", wrong,
			    NULL);
}

/* The calls below go no further than this. */
static int selftest_map(struct inode *inode, loff_t pos, loff_t length,
			unsigned int flags, struct iomap *iomap,
			struct iomap *from)
{
	return -EIO;
}

static const struct iomap_ops test_iomap_ops = {
	.iomap_begin = selftest_map,
};

static void selftest_flushcache(struct inode *inode, u64 *place)
{
	__memcpy_flushcache(place, &test_value, sizeof(test_value));
}

/* These have nothing to write. */
static void selftest_zero_range(struct inode *inode, u64 *place)
{
	dax_zero_range(inode, 0, 0, NULL, &test_iomap_ops);
}

static void selftest_truncate(struct inode *inode, u64 *place)
{
	dax_truncate_page(inode, 0, NULL, &test_iomap_ops);
}

static void selftest_unshare(struct inode *inode, u64 *place)
{
	dax_file_unshare(inode, 0, 0, &test_iomap_ops);
}

static const struct {
	const char *name;
	bool stores;
	void (*go)(struct inode *inode, u64 *place);
} writers[] = {
	{ "__memcpy_flushcache", true, selftest_flushcache },
	{ "dax_zero_range", false, selftest_zero_range },
	{ "dax_truncate_page", false, selftest_truncate },
	{ "dax_file_unshare", false, selftest_unshare },
};

static int selftest_writer(struct seq_file *m, struct domain *d,
			   struct inode *inode, unsigned int i)
{
	/* Behind the stray write's, and 0. */
	u64 *place = (u64 *)d->start + 1 + i;
	u64 before = writers_count(writers[i].name);
	s64 strays = atomic64_read(&d->stray_writes);
	const char *wrong = NULL;

	writers[i].go(inode, place);
	if (writers_count(writers[i].name) == before)
		wrong = "is not seen: the hook is not called";
	else if (atomic64_read(&d->stray_writes) != strays)
		wrong = "is taken for stray";
	else if (*place != (writers[i].stores ? test_value : 0))
		wrong = "is lost";
	return selftest_say(m, writers[i].name, "a write", wrong, NULL);
}

/*
 * Call the writers that can be called without harm. Those that want a DAX device can't:
 * one of our own has to end by kill_dax(). That waits for every thread in the system
 * that holds dax_read_lock(): one in a slow write(), or one that died there.
 *
 * Any inode will do: nothing but its size is read. A kernel thread has this one, too.
 */
static int selftest_writers(struct seq_file *m, struct domain *d)
{
	struct path root;
	int ret = 0;
	unsigned int i;

	get_fs_root(current->fs, &root);
	for (i = 0; i < ARRAY_SIZE(writers) && !ret; i++)
		ret = selftest_writer(m, d, d_inode(root.dentry), i);
	path_put(&root);
	return ret;
}

/**
 * selftest_run() - try each hook that can be tried without harm
 * @m: gets a line for each hook; NULL: log only what is wrong
 *
 * Context: process context, sleeps.
 * Return: 0; -EIO, after the hook was named, if it is not called; -ENOSPC if other
 * modules have all keys; or an error of domain_add() or domain_protect().
 */
int selftest_run(struct seq_file *m)
{
	/* In the module's data: no leaf of the direct map has to be split for it. */
	static u8 page[PAGE_SIZE] __aligned(PAGE_SIZE);
	static struct domain d;
	int ret;

	mutex_lock(&selftest_lock);
	test_key = pks_key_borrow();
	ret = min(test_key, 0);
	if (ret)
		goto unlock;
	ret = selftest_shield(m);
	memset(&d, 0, sizeof(d));
	memset(page, 0, sizeof(page));
	domain_fill(&d, "self-test", test_key, (unsigned long)page, PAGE_SIZE);
	d.silent = true;
	d.fault_mode = FAULT_RELAXED;
	if (!ret)
		ret = domain_add(&d);
	if (ret)
		goto free_key;
	ret = domain_protect(&d, true) ?: selftest_stray(m, &d) ?:
	      selftest_writers(m, &d);
	domain_del(&d);
free_key:
	pks_key_put(test_key);
unlock:
	mutex_unlock(&selftest_lock);
	return ret;
}
