// SPDX-License-Identifier: GPL-2.0
/*
 * pmem_pks: stray-write protection for persistent memory. Parameters, and the
 * layers' init and exit in order.
 */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

#include "internal.h"

enum { PROTECT_ALL, PROTECT_NONE };
static const char * const protect_names[] = { "all", "none", NULL };
static int protect;
static char *writers[WRITERS_MAX];
static unsigned int nr_writers;

static int fault_mode_set(const char *val, const struct kernel_param *kp)
{
	int mode = __sysfs_match_string(fault_mode_names, -1, val);

	if (mode < 0) {
		pr_err("fault_mode is relaxed or strict\n");
		return mode;
	}
	WRITE_ONCE(fault_mode, mode);
	return 0;
}

static int fault_mode_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n",
			  fault_mode_names[READ_ONCE(fault_mode)]);
}

static const struct kernel_param_ops fault_mode_ops = {
	.set = fault_mode_set,
	.get = fault_mode_get,
};

static int protect_set(const char *val, const struct kernel_param *kp)
{
	int which = __sysfs_match_string(protect_names, -1, val);

	if (which < 0) {
		pr_err("protect is all or none\n");
		return which;
	}
	protect = which;
	return 0;
}

static int protect_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", protect_names[protect]);
}

static const struct kernel_param_ops protect_ops = {
	.set = protect_set,
	.get = protect_get,
};

static const char * const pinned_names[] = { "allow", "deny", NULL };

static int pinned_set(const char *val, const struct kernel_param *kp)
{
	int deny = __sysfs_match_string(pinned_names, -1, val);

	if (deny < 0) {
		pr_err("pinned is allow or deny\n");
		return deny;
	}
	fault_deny_pinned = deny;
	return 0;
}

static int pinned_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", pinned_names[fault_deny_pinned]);
}

static const struct kernel_param_ops pinned_ops = {
	.set = pinned_set,
	.get = pinned_get,
};

module_param_cb(fault_mode, &fault_mode_ops, NULL, 0444);
MODULE_PARM_DESC(fault_mode,
		 "what happens to a stray write: relaxed (default) or strict");
module_param_cb(protect, &protect_ops, NULL, 0444);
MODULE_PARM_DESC(protect,
		 "which namespaces are protected at first: all (default) or none");
module_param_cb(pinned, &pinned_ops, NULL, 0444);
MODULE_PARM_DESC(pinned,
		 "writes to pages that are pinned: allow (default), or deny: then they are stray");
module_param_array(writers, charp, &nr_writers, 0444);
MODULE_PARM_DESC(writers,
		 "further functions that may write pmem: [module:]function,...");

static int __init pmem_pks_init(void)
{
	int ret;

	ret = pks_init();
	if (ret)
		return ret;
	ret = grant_init(domain_failed_open);
	if (ret)
		goto exit_pks;
	ret = hook_init();
	if (ret)
		goto exit_grant;
	ret = shield_init();
	if (ret)
		goto exit_grant;
	ret = fault_init();
	if (ret)
		goto exit_shield;
	ret = writers_init(writers, nr_writers);
	if (ret)
		goto exit_fault;
	ret = sysfs_view_init();
	if (ret)
		goto exit_writers;
	ret = pmem_init(protect == PROTECT_ALL);
	if (ret)
		goto exit_sysfs;
	pr_info("stray writes to pmem are %s\n",
		fault_mode == FAULT_STRICT ? "denied" : "reported");
	return 0;

exit_sysfs:
	sysfs_view_exit();
exit_writers:
	writers_exit();
exit_fault:
	fault_exit();
exit_shield:
	shield_exit();
exit_grant:
	grant_exit();
exit_pks:
	pks_exit();
	return ret;
}

static void __exit pmem_pks_exit(void)
{
	pmem_exit();
	sysfs_view_exit();
	writers_exit();
	fault_exit();
	shield_exit();
	grant_exit();
	pks_exit();
}

module_init(pmem_pks_init);
module_exit(pmem_pks_exit);

MODULE_DESCRIPTION("Stray-write protection for persistent memory");
MODULE_LICENSE("GPL");
