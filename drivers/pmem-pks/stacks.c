// SPDX-License-Identifier: GPL-2.0
/*
 * What is on the stacks of all threads: who is inside of something, and when the
 * last one has left it.
 *
 * Nothing but its stack tells where a thread will come back to. It may be asleep
 * for as long as it likes, be killed, or never have told anybody that it went in.
 * So the stacks themselves are looked at, by the kernel's own unwinder, while all
 * CPUs are stopped: then no thread runs, and each one's stack is whole.
 *
 * It is for places that no thread enters any more, or not in the way that is
 * looked for. Then a thread that was seen outside stays outside. Threads are
 * looked at once each, a few at a time, so that the machine never stands still
 * for longer than that takes; and only those that were inside are looked at again.
 *
 * Process context, sleeps.
 */
#include <linux/delay.h>
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/ptrace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/stop_machine.h>
#include <asm/unwind.h>

#include "internal.h"

/* Threads that are looked at while the machine stands still. */
#define BATCH		64
/* Milliseconds between two looks at those that are inside. */
#define WAIT_FIRST	10
#define WAIT_MOST	1000

static rwlock_t *tasklist;
/* Functions that do not return: a thread comes back to nothing behind them. */
static struct hook_function ends[] = {
	{ "do_exit" },
	{ "make_task_dead" },
};

/* Where a thread begins, so that the stack of one of the kernel's ends there. */
static struct hook_function begins[] = {
	{ "ret_from_fork" },
	{ "ret_from_fork_asm" },
};

struct stacks_stats stacks_stats;

/**
 * stacks_walk() - look at the addresses that a thread comes back to
 * @task: the thread; it does not run
 * @each: is called for each, the innermost first, until it returns false
 * @arg: its second argument
 *
 * A thread that is dying comes back to nothing behind do_exit(). A stack is whole if
 * it ends where all stacks do: at the registers of a program, or where a thread of
 * the kernel's began. That the unwinder ends without an error does not do: up to 6.3
 * it also does so in code that it has no knowledge of (UNWIND_HINT_EMPTY: retpolines,
 * the function graph tracer's return). And it can't find the way behind a return
 * probe in a thread that could run; 6.1 warns then.
 *
 * Return: false when the stack can't be followed to its end: then some may have
 * been missed, and some may be wrong.
 */
bool stacks_walk(struct task_struct *task,
		 bool (*each)(unsigned long ip, void *arg), void *arg)
{
	struct unwind_state state;
	unsigned long ip = 0;
	struct pt_regs *regs;

	if (task_is_running(task) && compat_has_return_probes(task))
		return false;
	for (unwind_start(&state, task, NULL, NULL);
	     !unwind_done(&state) && !unwind_error(&state);
	     unwind_next_frame(&state)) {
		regs = unwind_get_entry_regs(&state, NULL);
		if (regs && user_mode(regs))
			return true;
		/* Generated code that nobody knows of has none. */
		ip = unwind_get_return_address(&state);
		if (!ip)
			return false;
		if (hook_is_in_functions(ends, ARRAY_SIZE(ends), ip) ||
		    !each(ip, arg))
			return true;
	}
	return !unwind_error(&state) &&
	       hook_is_in_functions(begins, ARRAY_SIZE(begins), ip);
}

/**
 * stacks_word() - look for an address on a stack that can't be unwound
 * @task: the thread; it does not run
 * @is: whether a word is one
 * @arg: for @is
 *
 * What is long over may still lie on a stack: this may find too much, never too
 * little.
 *
 * Return: the first such word, or 0.
 */
unsigned long stacks_word(struct task_struct *task,
			  bool (*is)(unsigned long word, void *arg), void *arg)
{
	unsigned long *word = (unsigned long *)task->thread.sp;
	unsigned long *end = task_stack_page(task) + THREAD_SIZE;

	for (; word < end; word++) {
		unsigned long w = READ_ONCE_NOCHECK(*word);

		if (is(w, arg))
			return w;
	}
	return 0;
}

struct batch {
	struct task_struct **tasks;
	unsigned int nr;
	stacks_inside_t inside;
	void *arg;
	/* Where each one is inside, or 0. */
	unsigned long at[BATCH];
};

/* All CPUs stopped. */
static int stacks_look(void *arg)
{
	struct batch *batch = arg;
	u64 start = ktime_get_ns();
	unsigned int i;

	for (i = 0; i < batch->nr; i++) {
		struct task_struct *task = batch->tasks[i];

		/* This is the stopper's thread; and a dead one's stack is gone. */
		batch->at[i] = task == current ||
			       !refcount_read(&task->stack_refcount) ? 0 :
			       batch->inside(task, batch->arg);
	}
	stacks_stats.stops++;
	stacks_stats.threads += batch->nr;
	stacks_stats.longest_ns = max(stacks_stats.longest_ns,
				      ktime_get_ns() - start);
	return 0;
}

/*
 * Put the threads that are not inside, and keep the others at the front of the
 * list. Return: how many. @at: out: where the first one is.
 */
static unsigned int stacks_sift(struct batch *batch, struct task_struct **tasks,
				unsigned int nr, unsigned long *at)
{
	unsigned int from, i, kept = 0;

	for (from = 0; from < nr; from += batch->nr) {
		batch->tasks = tasks + from;
		batch->nr = min_t(unsigned int, nr - from, BATCH);
		stop_machine(stacks_look, batch, NULL);
		for (i = 0; i < batch->nr; i++) {
			struct task_struct *task = batch->tasks[i];

			if (!batch->at[i]) {
				put_task_struct(task);
				continue;
			}
			if (!kept)
				*at = batch->at[i];
			tasks[kept++] = task;
		}
		cond_resched();
	}
	return kept;
}

/* All threads that there are but this one; those to come are inside of nothing. */
static struct task_struct **stacks_list(unsigned int *nr)
{
	struct task_struct *group, *task, **tasks;
	unsigned int size = 1024, n;

	for (;;) {
		tasks = kvmalloc_array(size, sizeof(*tasks),
				       GFP_KERNEL | __GFP_NOFAIL);
		n = 0;
		read_lock(tasklist);
		for_each_process_thread(group, task) {
			if (task == current)
				continue;
			if (n < size)
				tasks[n] = get_task_struct(task);
			n++;
		}
		read_unlock(tasklist);
		if (n <= size)
			break;
		while (size)
			put_task_struct(tasks[--size]);
		kvfree(tasks);
		size = n + n / 8;
	}
	*nr = n;
	return tasks;
}

/**
 * stacks_wait() - wait until no other thread is inside of something
 * @inside: looks at the stack of one thread, which does not run: where it is
 *	    inside, or 0. All CPUs are stopped: it takes no lock.
 * @arg: its second argument
 * @what: for the log, "to leave ..."
 * @interruptible: whether a signal ends it
 *
 * No thread may get inside any more. Nothing tells when one leaves, hence the
 * polling; and the first one is named in the log.
 *
 * Context: process context, sleeps. Cost: the machine stands still for some tens
 * of microseconds for each BATCH threads.
 * Return: 0, or -EINTR when a signal came.
 */
int stacks_wait(stacks_inside_t inside, void *arg, const char *what,
		bool interruptible)
{
	struct batch *batch = kmalloc(sizeof(*batch), GFP_KERNEL | __GFP_NOFAIL);
	unsigned int nr, wait = WAIT_FIRST;
	unsigned long at = 0, told = 0;
	char name[KSYM_SYMBOL_LEN];
	struct task_struct **tasks;
	int ret = 0;

	batch->inside = inside;
	batch->arg = arg;
	tasks = stacks_list(&nr);
	while ((nr = stacks_sift(batch, tasks, nr, &at))) {
		if (nr != told)
			pr_info("waiting for %u thread(s) to leave %s: %s:%d is in %s\n",
				nr, what, tasks[0]->comm, task_pid_nr(tasks[0]),
				hook_name_of(at, name));
		told = nr;
		if (!interruptible) {
			msleep(wait);
		} else if (msleep_interruptible(wait)) {
			ret = -EINTR;
			break;
		}
		wait = min(2 * wait, WAIT_MOST);
	}
	while (nr)
		put_task_struct(tasks[--nr]);
	kvfree(tasks);
	kfree(batch);
	return ret;
}

/**
 * stacks_init() - find what is needed
 *
 * Return: 0, or -ENOENT.
 */
int __init stacks_init(void)
{
	tasklist = (rwlock_t *)hook_symbol("tasklist_lock");
	if (tasklist && hook_functions_find(ends, ARRAY_SIZE(ends)) &&
	    hook_functions_find(begins, ARRAY_SIZE(begins)))
		return 0;
	pr_err("cannot resolve %s\n", !tasklist ? "tasklist_lock" :
	       !ends[0].addr ? "do_exit" : "ret_from_fork");
	return -ENOENT;
}
