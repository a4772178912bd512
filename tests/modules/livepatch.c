// SPDX-License-Identifier: GPL-2.0
/*
 * pmem_pks_livepatch: a live patch of a function that pmem_pks hooks, as one
 * with a mended fault in it would be. It goes when 0 is written to
 * /sys/kernel/livepatch/pmem_pks_livepatch/enabled.
 */
#include <linux/errno.h>
#include <linux/livepatch.h>
#include <linux/module.h>

/* Nobody calls it while a test has it. */
static int patched(void)
{
	return -EOPNOTSUPP;
}

static struct klp_func functions[] = {
	{ .old_name = "dax_file_unshare", .new_func = patched },
	{}
};

static struct klp_object objects[] = {
	{ .funcs = functions },
	{}
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objects,
};

static int __init livepatch_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit livepatch_exit(void)
{
}

module_init(livepatch_init);
module_exit(livepatch_exit);

MODULE_INFO(livepatch, "Y");
MODULE_DESCRIPTION("A live patch of a function that pmem_pks hooks, for tests");
MODULE_LICENSE("GPL");
