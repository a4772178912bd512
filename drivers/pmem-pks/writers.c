// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel functions that legitimately write pmem through the kernel's
 * mapping, and the grants around them.
 *
 * Where a function gets its destination as an argument, the domain of that
 * address is granted from its entry to its exit. The others find it inside;
 * they get a scope, and the domain is granted when their own store to it faults
 * (writers_direct_store()). So nothing that they call, a filesystem's block
 * allocation for example, may write pmem on their account.
 *
 * The block layer's writes (/dev/pmemN, filesystem metadata, page cache, whole
 * pages zeroed for DAX, recovery of poisoned blocks) all reach pmem by
 * __memcpy_flushcache(), one page at the most.
 */
#include <linux/rcupdate.h>
#include <asm/unwind.h>

#include "internal.h"

#define NO_ARG	-1
/* What writer_enter() returns for a scope; else it is the key. */
#define TOKEN_SCOPE	PKS_NR_KEYS

/*
 * dax_copy_from_iter() and dax_recovery_write() leave no frame of their own on
 * the stack, where hook_settle() would see it: they end in a jump to the copy
 * (pmem is always DAXDEV_NOCACHE), which nobody else uses.
 */
#define COPY	"_copy_from_iter_flushcache"

/* The busiest first: hook_from() searches from there. */
static struct hook writers[] = {
	{ .name = "__memcpy_flushcache", .dst_arg = 0 },
	{ .name = "dax_copy_from_iter", .tail = COPY, .dst_arg = 2 },
	{ .name = "dax_iomap_copy_around", .alias = "dax_iomap_cow_copy",
	  .dst_arg = 4 },
	{ .name = "dax_zero_range", .dst_arg = NO_ARG },
	{ .name = "dax_truncate_page", .dst_arg = NO_ARG },
	{ .name = "dax_file_unshare", .dst_arg = NO_ARG },
	{ .name = "dax_recovery_write", .tail = COPY, .dst_arg = 2 },
};

static struct hook_set writer_hooks = {
	.hooks = writers,
	.nr = ARRAY_SIZE(writers),
	.trampoline = (unsigned long)hook_writer_trampoline,
	.settle = true,
};

/*
 * Called by the trampoline, in the context of the function. Return: a token for
 * writer_exit(), 0 when there is nothing to be undone.
 */
unsigned long writer_enter(const unsigned long *args, unsigned long ip)
{
	const struct hook *hook = hook_from(&writer_hooks, ip);
	const struct domain_range *r;
	unsigned long token = 0;

	if (unlikely(hook->dst_arg == NO_ARG)) {
		grant_scope_begin();
		return TOKEN_SCOPE;
	}
	preempt_disable();
	r = domain_find(args[hook->dst_arg]);
	if (likely(r)) {
		token = r->key;
		grant_open(r->key);
	}
	preempt_enable();
	return token;
}

void writer_exit(unsigned long token, unsigned long ret)
{
	if (unlikely(token == TOKEN_SCOPE)) {
		grant_scope_end();
		return;
	}
	preempt_disable();
	grant_close(token);
	preempt_enable();
}

/* Frames above the store: it may be in memset(), or two calls deeper. */
#define STORE_DEPTH	4

/**
 * writers_direct_store() - whether a store is that of a writer with a scope
 * @regs: the registers of the store
 *
 * True for the store of one of the writers without a destination argument
 * itself, or of a copy routine that it called.
 *
 * Context: the page fault.
 */
bool writers_direct_store(struct pt_regs *regs)
{
	struct unwind_state state;
	unsigned long ip;
	int depth, i;

	unwind_start(&state, current, regs, NULL);
	for (depth = 0; depth < STORE_DEPTH && !unwind_done(&state); depth++) {
		ip = unwind_get_return_address(&state);
		if (!ip)
			break;
		for (i = 0; i < ARRAY_SIZE(writers); i++)
			if (writers[i].dst_arg == NO_ARG &&
			    hook_covers(&writers[i], ip))
				return true;
		unwind_next_frame(&state);
	}
	return false;
}

/**
 * writers_init() - hook the writers
 *
 * Return: 0, or the error of hook_place().
 */
int __init writers_init(void)
{
	return hook_place(&writer_hooks);
}

/**
 * writers_exit() - unhook the writers
 *
 * On return no thread is in a trampoline, before, in or behind the function.
 *
 * Context: process context, no leaf carries a key any more; sleeps until the
 * last writer has returned.
 */
void writers_exit(void)
{
	hook_remove(&writer_hooks);
	synchronize_rcu_tasks();
	grant_drain();
	synchronize_rcu_tasks();
}
