// SPDX-License-Identifier: GPL-2.0
/*
 * The stacks of all threads: finds the threads that are inside some code, and waits
 * until the last of them has left it.
 *
 * Only its stack tells where a thread will return to. The thread may sleep for any
 * time, or be killed. So the kernel's unwinder walks each stack while all CPUs are
 * stopped: then no thread runs, and each stack is whole.
 *
 * This is for code that no thread enters any more in the way that is looked for. So
 * a thread that was seen outside stays outside. Each thread is looked at once, BATCH
 * threads at a time, which bounds the time that the machine stands still. Only
 * threads that were inside are looked at again.
 *
 * Context: process context, sleeps.
 */
#include <linux/delay.h>
#include <linux/ftrace.h>
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/ptrace.h>
#include <linux/rethook.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/stop_machine.h>
#include <asm/unwind.h>

#include "internal.h"

/* The most threads that are looked at during one stop of the machine. */
#define BATCH		64
/* Milliseconds until the threads that are inside are looked at again. */
#define WAIT_FIRST	10
#define WAIT_MOST	1000

struct stacks_stats stacks_stats;

/**
 * stacks_walk() - look at the addresses that a thread will return to
 * @task: the thread; it does not run
 * @each: called for each address, the innermost first, until it returns false
 * @arg: second argument of @each
 *
 * A dying thread returns to nothing below do_exit(). The walk is complete if the
 * stack ends where all stacks end: at the registers of user mode, or where a kernel
 * thread began. It is not enough that the unwinder ends without an error. Up to 6.3
 * it also does so in code that it does not know (UNWIND_HINT_EMPTY: retpolines, the
 * function graph tracer's return). Also, it can't unwind a return probe in a thread
 * that is runnable; 6.1 warns then.
 *
 * Context: any; all CPUs are stopped, or @task does not run for another reason.
 * Return: false if the stack can't be followed to its end. Then addresses may have
 * been missed, and some may be wrong.
 */
bool stacks_walk(struct task_struct *task,
		 bool (*each)(unsigned long ip, void *arg), void *arg)
{
	struct unwind_state state;
	unsigned long ip = 0;
	struct pt_regs *regs;

	if (task_is_running(task) && compat_return_probes(task))
		return false;
	for (unwind_start(&state, task, NULL, NULL);
	     !unwind_done(&state) && !unwind_error(&state);
	     unwind_next_frame(&state)) {
		regs = unwind_get_entry_regs(&state, NULL);
		if (regs && user_mode(regs))
			return true;
		/* There is none in generated code that the kernel does not know. */
		ip = unwind_get_return_address(&state);
		if (!ip)
			return false;
		if (symbols_is_in(SYMBOLS_ENDS, ip) || !each(ip, arg))
			return true;
	}
	return !unwind_error(&state) && symbols_is_in(SYMBOLS_BEGINS, ip);
}

#ifdef CONFIG_FUNCTION_GRAPH_TRACER
/* Return: the address that the graph tracer has taken from a stack, or 0. @nr: from 0 */
static unsigned long stacks_traced(struct task_struct *task, int nr)
{
	const struct ftrace_ret_stack *traced;

	traced = kernel_ftrace_graph_get_ret_stack(task, nr);
	return traced ? traced->ret : 0;
}
#else
static unsigned long stacks_traced(struct task_struct *task, int nr)
{
	return 0;
}
#endif

/*
 * Return probes and the function graph tracer put addresses of their own on the stack,
 * and keep the true ones. Return: the first of these that is such an address, or 0.
 */
static unsigned long stacks_kept(struct task_struct *task,
				 bool (*is)(unsigned long word, void *arg), void *arg)
{
	struct rethook_node *probe;
	unsigned long ip;
	int nr;

	llist_for_each_entry(probe, compat_return_probes(task), llist)
		if (is(probe->ret_addr, arg))
			return probe->ret_addr;
	for (nr = 0; (ip = stacks_traced(task, nr)); nr++)
		if (is(ip, arg))
			return ip;
	return 0;
}

/**
 * stacks_word() - look for an address on a stack that can't be unwound
 * @task: the thread; it does not run
 * @is: returns whether a word is such an address
 * @arg: second argument of @is
 *
 * Old return addresses may still be on a stack. So this may find too much, but
 * misses nothing. What a return probe or a tracer has taken from the stack counts.
 *
 * Context: as stacks_walk().
 * Return: the first such address, or 0.
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
	return stacks_kept(task, is, arg);
}

struct batch {
	struct task_struct **tasks;
	unsigned int nr;
	stacks_inside_t inside;
	void *arg;
	/* Where each thread is inside, or 0. */
	unsigned long at[BATCH];
};

/* Called while all CPUs are stopped. */
static int stacks_look(void *arg)
{
	struct batch *batch = arg;
	u64 start = ktime_get_ns();
	unsigned int i;

	for (i = 0; i < batch->nr; i++) {
		struct task_struct *task = batch->tasks[i];

		/*
		 * Skip the stoppers' threads, which alone have a CPU, and a dead
		 * thread: its stack is gone. An NMI may still change a stopper's.
		 */
		batch->at[i] = compat_on_cpu(task) ||
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
 * Put the references of threads that are not inside, and move the others to the
 * front of the list. @at: out: where the first of these is. Return: their number.
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

/* List all threads but this one. A thread that starts later is not inside. */
static struct task_struct **stacks_list(unsigned int *nr)
{
	struct task_struct *group, *task, **tasks;
	unsigned int size = 1024, n;

	for (;;) {
		tasks = kvmalloc_array(size, sizeof(*tasks),
				       GFP_KERNEL | __GFP_NOFAIL);
		n = 0;
		read_lock(symbols.tasklist_lock);
		for_each_process_thread(group, task) {
			if (task == current)
				continue;
			if (n < size)
				tasks[n] = get_task_struct(task);
			n++;
		}
		read_unlock(symbols.tasklist_lock);
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
 * stacks_wait() - wait until no other thread is inside some code
 * @inside: returns where a thread is inside, or 0. It takes no lock, as all CPUs are
 *	    stopped.
 * @arg: second argument of @inside
 * @what: for the log, after "to leave"
 * @interruptible: whether a signal ends the wait
 *
 * The caller has made sure that no thread gets inside any more. No event tells when
 * a thread leaves, so this polls. The log names the first thread that is inside.
 *
 * Context: process context, sleeps. Cost: the machine stands still for some tens of
 * microseconds for each BATCH threads.
 * Return: 0, or -EINTR if a signal came.
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
				symbols_name(at, name));
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
