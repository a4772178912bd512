// SPDX-License-Identifier: GPL-2.0
/*
 * pmem_pks: stray-write protection for persistent memory. The parameters, and init
 * and exit of all layers in order.
 */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

#include "internal.h"

enum { PROTECT_ALL, PROTECT_NONE };
static const char * const protect_names[] = { "all", "none", NULL };
static int protect;
static const char * const pinned_names[] = { "allow", "step", "deny", NULL };
static bool degrade;
static char *writers[WRITERS_MAX];
static unsigned int nr_writers;

/* A parameter that is one word of a list. The variable gets the word's index. */
struct choice {
	int *value;
	const char * const *names;
	size_t nr;		/* number of names; -1: up to the NULL */
	const char *error;
};

static int choice_set(const char *val, const struct kernel_param *kp)
{
	const struct choice *choice = kp->arg;
	int number = __sysfs_match_string(choice->names, choice->nr, val);

	if (number < 0) {
		pr_err("%s\n", choice->error);
		return number;
	}
	WRITE_ONCE(*choice->value, number);
	return 0;
}

static int choice_get(char *buf, const struct kernel_param *kp)
{
	const struct choice *choice = kp->arg;

	return sysfs_emit(buf, "%s\n",
			  choice->names[READ_ONCE(*choice->value)]);
}

static const struct kernel_param_ops choice_ops = {
	.set = choice_set,
	.get = choice_get,
};

static struct choice fault_mode_choice = {
	&fault_mode, fault_mode_names, FAULT_INHERIT,
	"fault_mode is relaxed, contain, strict or panic"
};

static struct choice protect_choice = {
	&protect, protect_names, -1, "protect is all or none"
};

static struct choice pinned_choice = {
	&fault_pinned, pinned_names, -1, "pinned is allow, step or deny"
};

module_param_cb(fault_mode, &choice_ops, &fault_mode_choice, 0444);
MODULE_PARM_DESC(fault_mode,
		 "what happens to a stray write: relaxed (default), contain, strict or panic");
module_param_cb(protect, &choice_ops, &protect_choice, 0444);
MODULE_PARM_DESC(protect,
		 "which namespaces are protected at first: all (default) or none");
module_param_cb(pinned, &choice_ops, &pinned_choice, 0444);
MODULE_PARM_DESC(pinned,
		 "writes to pages that are pinned: allow (default), step: each by itself, or deny: then they are stray");
module_param(degrade, bool, 0444);
MODULE_PARM_DESC(degrade,
		 "go on where somebody else has hooked what shields grants from interrupts and the like (default: refuse)");
module_param_array(writers, charp, &nr_writers, 0400);
MODULE_PARM_DESC(writers,
		 "further functions that may write pmem: [module:]function,...");

static int __init pmem_pks_init(void)
{
	int ret;

	ret = symbols_init();
	if (ret)
		return ret;
	ret = pks_init();
	if (ret)
		return ret;
	ret = grant_init(domain_failed_open);
	if (ret)
		goto exit_pks;
	pks_key_init(&fault_domains);
	ret = step_init();
	if (ret)
		goto exit_grant;
	ret = shield_init(degrade);
	if (ret)
		goto exit_step;
	ret = record_init();
	if (ret)
		goto exit_shield;
	ret = report_init();
	if (ret)
		goto exit_record;
	ret = fault_init();
	if (ret)
		goto exit_report;
	ret = writers_init(writers, nr_writers);
	if (ret)
		goto exit_fault;
	ret = selftest_run(NULL);
	if (ret)
		goto exit_writers;
	ret = sysfs_view_init();
	if (ret)
		goto exit_writers;
	ret = pmem_init(protect == PROTECT_ALL);
	if (ret)
		goto exit_sysfs;
	debugfs_view_init();
	pr_info("stray writes to pmem are %s\n",
		fault_mode == FAULT_RELAXED ? "reported" :
		fault_mode == FAULT_CONTAIN ? "dropped" : "denied");
	return 0;

exit_sysfs:
	sysfs_view_exit();
exit_writers:
	writers_exit();
exit_fault:
	fault_exit();
exit_report:
	report_exit();
exit_record:
	record_exit();
exit_shield:
	shield_exit();
exit_step:
	step_exit();
exit_grant:
	grant_exit();
	domain_exit();
exit_pks:
	pks_exit();
	hook_exit();
	return ret;
}

static void __exit pmem_pks_exit(void)
{
	debugfs_view_exit();
	pmem_exit();
	sysfs_view_exit();
	writers_exit();
	fault_exit();
	report_exit();
	record_exit();
	shield_exit();
	step_exit();
	grant_exit();
	domain_exit();
	pks_exit();
	hook_exit();
}

module_init(pmem_pks_init);
module_exit(pmem_pks_exit);

MODULE_DESCRIPTION("Stray-write protection for persistent memory");
MODULE_AUTHOR("The pmem-pks developers");
MODULE_VERSION("1.0");
MODULE_LICENSE("GPL");
