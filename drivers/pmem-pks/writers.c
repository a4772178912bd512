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

/*
 * Three sets: the two functions that the writes of applications go by, each of
 * whose trampoline knows which argument is the destination, and the rest.
 */
static struct hook block_writers[] = {
	{ .name = "__memcpy_flushcache" },
};

static struct hook dax_writers[] = {
	{ .name = "dax_copy_from_iter", .tail = COPY },
	{ .name = "dax_recovery_write", .tail = COPY },
};

static struct hook rare_writers[] = {
	{ .name = "dax_iomap_copy_around", .alias = "dax_iomap_cow_copy",
	  .dst_arg = 4 },
	{ .name = "dax_zero_range", .dst_arg = NO_ARG },
	{ .name = "dax_truncate_page", .dst_arg = NO_ARG },
	{ .name = "dax_file_unshare", .dst_arg = NO_ARG },
};

static struct hook_set writer_sets[] = {
	{
		.hooks = block_writers,
		.nr = ARRAY_SIZE(block_writers),
		.trampoline = (unsigned long)hook_writer_arg0_trampoline,
		.settle = true,
	}, {
		.hooks = dax_writers,
		.nr = ARRAY_SIZE(dax_writers),
		.trampoline = (unsigned long)hook_writer_arg2_trampoline,
		.settle = true,
	}, {
		.hooks = rare_writers,
		.nr = ARRAY_SIZE(rare_writers),
		.trampoline = (unsigned long)hook_writer_trampoline,
		.settle = true,
	}
};

#define RARE_SET	(&writer_sets[2])

/*
 * These are called by the trampolines, directly (__noendbr), in the context of
 * the function. Return: a token for writer_exit(), 0 when there is nothing to
 * be undone.
 */
__noendbr unsigned long writer_enter_dst(unsigned long dst)
{
	const struct domain_range *r;
	unsigned long token = 0;

	preempt_disable();
	if (domain_find(dst, &r)) {
		token = r->key;
		grant_open(r->key, r->mask);
	}
	preempt_enable();
	return token;
}

unsigned long writer_enter(const unsigned long *args, unsigned long ip)
{
	const struct hook *hook = hook_from(RARE_SET, ip);

	if (hook->dst_arg != NO_ARG)
		return writer_enter_dst(args[hook->dst_arg]);
	grant_scope_begin();
	return TOKEN_SCOPE;
}

__noendbr void writer_exit_dst(unsigned long token, unsigned long ret)
{
	preempt_disable();
	grant_close(token, PKRS_KEY_MASK(token), 0);
	preempt_enable();
}

void writer_exit(unsigned long token, unsigned long ret)
{
	if (token == TOKEN_SCOPE)
		grant_scope_end();
	else
		writer_exit_dst(token, ret);
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
		for (i = 0; i < ARRAY_SIZE(rare_writers); i++)
			if (rare_writers[i].dst_arg == NO_ARG &&
			    hook_covers(&rare_writers[i], ip))
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
	int ret, i;

	for (i = 0; i < ARRAY_SIZE(writer_sets); i++) {
		ret = hook_place(&writer_sets[i]);
		if (ret) {
			writers_exit();
			return ret;
		}
	}
	return 0;
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
	int i;

	for (i = 0; i < ARRAY_SIZE(writer_sets); i++)
		hook_remove(&writer_sets[i]);
	synchronize_rcu_tasks();
	grant_drain();
	synchronize_rcu_tasks();
}
