// SPDX-License-Identifier: GPL-2.0
/*
 * The page fault of a denied write: whether it is ours, who wrote, and what
 * follows from the policy.
 *
 * The kernel brings us here with interrupts off, from wherever the writer was:
 * a thread, an interrupt, with any lock held. Nothing here takes a lock.
 *
 * relaxed lets the one instruction through: its context is granted the key,
 * and EFLAGS.TF makes the CPU stop behind the instruction (debug exception),
 * where the grant ends. Interrupts stay as the writer had them. If the
 * instruction faults on its other operand, a user's page, the fault is served
 * as usual, even asleep, as the grant is the thread's. A repeated string
 * instruction stops at each iteration and is let through as a whole, so that
 * it counts once.
 *
 * strict leaves the fault to the kernel, which kills the offender as it does
 * for any bad access (and panics if it was an interrupt).
 */
#include <linux/kdebug.h>
#include <linux/ptrace.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <asm/debugreg.h>
#include <asm/special_insns.h>
#include <asm/trap_pf.h>

#include "internal.h"

/* What a write that PKS denied has in its error code, among other bits. */
#define PF_DENIED_WRITE	(X86_PF_PROT | X86_PF_WRITE | X86_PF_PK)

enum fault_mode fault_mode = FAULT_RELAXED;
const char * const fault_mode_names[] = { "relaxed", "strict", NULL };

/* Let the instruction through: see fault_step_done(). */
static void fault_step(struct domain *d, struct pt_regs *regs)
{
	struct grant_ctx *ctx = grant_atomic(d->key);

	if (!ctx) {
		domain_fail_open(d);
		return;
	}
	/* The second time for one instruction if it writes two domains. */
	if (!ctx->step_keys) {
		ctx->step_tf = regs->flags & X86_EFLAGS_TF;
		ctx->step_ip = regs->ip;
	}
	ctx->step_keys |= BIT(d->key);
	regs->flags |= X86_EFLAGS_TF;
}

/*
 * The debug exception behind the instruction, or behind the first one of its
 * exception handler if it was a copy from a user's page that is not there.
 */
static int fault_step_done(struct notifier_block *nb, unsigned long event,
			   void *data)
{
	struct die_args *args = data;
	unsigned long *dr6 = (unsigned long *)args->err;
	struct pt_regs *regs = args->regs;
	struct grant_ctx *ctx;
	u32 keys;
	int key;

	if (event != DIE_DEBUG || !(*dr6 & DR_STEP) || user_mode(regs))
		return NOTIFY_DONE;
	ctx = grant_ctx_stepping();
	if (!ctx)
		return NOTIFY_DONE;

	if (regs->ip != ctx->step_ip) {
		if (!ctx->step_tf)
			regs->flags &= ~X86_EFLAGS_TF;
		keys = ctx->step_keys;
		ctx->step_keys = 0;
		/* ctx is gone with the last grant that ends. */
		for (key = 1; keys; key++) {
			if (keys & BIT(key)) {
				keys &= ~BIT(key);
				grant_atomic_end(ctx, key);
			}
		}
		if (regs->flags & X86_EFLAGS_TF)
			return NOTIFY_DONE;
	}
	*dr6 &= ~DR_STEP;
	return *dr6 & DR_TRAP_BITS ? NOTIFY_DONE : NOTIFY_STOP;
}

static struct notifier_block fault_step_notifier = {
	.notifier_call = fault_step_done,
	/* Before kprobes and kgdb, who would be surprised. */
	.priority = INT_MAX - 1,
};

/*
 * Diverts bad_area_nosemaphore(regs, error_code, address), where the kernel's
 * handler of faults on kernel addresses ends up when it knows of no reason for
 * the fault. Return: true when it is settled and the instruction is to be
 * executed again.
 */
static bool fault_denied_write(unsigned long arg0, unsigned long error_code,
			       unsigned long addr)
{
	struct pt_regs *regs = (struct pt_regs *)arg0;
	enum fault_mode mode = READ_ONCE(fault_mode);
	struct grant_ctx *ctx;
	struct domain *d;

	if ((error_code & PF_DENIED_WRITE) != PF_DENIED_WRITE ||
	    user_mode(regs))
		return false;
	d = domain_find(addr);
	if (!d)
		return false;

	/* Opened meanwhile: for all, or for this context. */
	ctx = grant_ctx();
	if (!(READ_ONCE(pks_closed) & PKRS_WRITE_DISABLE(d->key)) ||
	    (ctx && ctx->depth[d->key])) {
		grant_reload();
		return true;
	}

	if (ctx && ctx->scopes && writers_direct_store(regs)) {
		grant_scope_key(ctx, d->key);
		return true;
	}

	if (d->silent)
		mode = FAULT_RELAXED;
	report_stray(d, addr, regs, mode);
	if (mode == FAULT_STRICT)
		return false;
	fault_step(d, regs);
	return true;
}

/*
 * Where the kernel's handler of faults on kernel addresses, which warns, has
 * ended up: a function of its own, inlined into its caller, or both.
 */
static struct {
	const char *name;
	unsigned long addr;
	unsigned long size;
} warners[] = {
	{ "exc_page_fault" },
	{ "do_kern_addr_fault" },
};

/*
 * Diverts __warn(file, line, caller, ...). CR2 is still what it was when the
 * fault came: interrupts are off, and an NMI puts it back.
 */
static bool fault_warn(unsigned long file, unsigned long line,
		       unsigned long caller)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(warners); i++)
		if (caller - warners[i].addr < warners[i].size)
			return domain_find(read_cr2());
	return false;
}

static struct hook fault_functions[] = {
	{ .name = "bad_area_nosemaphore", .handle = fault_denied_write },
	{ .name = "__warn", .handle = fault_warn },
};

static struct hook_set fault_hooks = {
	.hooks = fault_functions,
	.nr = ARRAY_SIZE(fault_functions),
};

/*
 * One write that must be denied, caught and let through, before anything
 * depends on it. If it is not caught, the exception table ends it.
 */
static int __init fault_selftest(void)
{
	static struct domain d = { .name = "self-test", .silent = true };
	u64 *page = vzalloc(PAGE_SIZE);
	const u64 value = 0x5041535345444259;
	int ret;

	if (!page)
		return -ENOMEM;
	d.start = (unsigned long)page;
	d.end = d.start + PAGE_SIZE;
	ret = domain_add(&d);
	if (ret)
		goto free_page;
	ret = domain_protect(&d, true);
	if (ret)
		goto del_domain;

	ret = -EIO;
	__put_kernel_nofault(page, &value, u64, denied);
	if (*page != value)
		pr_err("self-test: a write that was let through is lost\n");
	else if (atomic64_read(&d.stray_writes) != 1)
		pr_err("self-test: a stray write was seen %lld times\n",
		       atomic64_read(&d.stray_writes));
	else
		ret = 0;
del_domain:
	domain_del(&d);
free_page:
	vfree(page);
	return ret;
denied:
	pr_err("self-test: a denied write did not reach us\n");
	goto del_domain;
}

/**
 * fault_init() - hook the page fault, and try it
 *
 * The kernel's handler of faults on kernel addresses warns once a boot that a
 * key fault was not expected, and calls bad_area_nosemaphore(): both are
 * diverted. Of the warning only the line "cut here" comes out, and the
 * self-test uses it up.
 *
 * Return: 0; an error of hook_place(); -EIO when the self-test failed.
 */
int __init fault_init(void)
{
	int ret, i;

	for (i = 0; i < ARRAY_SIZE(warners); i++) {
		warners[i].addr = hook_symbol(warners[i].name);
		if (warners[i].addr)
			warners[i].size = hook_symbol_size(warners[i].addr);
	}
	ret = hook_place(&fault_hooks);
	if (ret)
		return ret;
	ret = register_die_notifier(&fault_step_notifier);
	if (ret)
		goto remove_hooks;
	ret = fault_selftest();
	if (ret)
		goto unregister;
	return 0;

unregister:
	unregister_die_notifier(&fault_step_notifier);
remove_hooks:
	hook_remove(&fault_hooks);
	return ret;
}

/* After the last key is gone from the leaves, and the last step is done. */
void fault_exit(void)
{
	unregister_die_notifier(&fault_step_notifier);
	hook_remove(&fault_hooks);
}
