// SPDX-License-Identifier: GPL-2.0
/*
 * pmem_pks_ftrace: what else may happen to ftrace.
 *
 * One of two: probe=<function> puts a kprobe with a post_handler on it,
 * which makes the probe a diverter. kill=1 has ftrace give up, as it does when it
 * finds a fault in itself: nothing is hooked or removed until the next boot. The
 * CPU must not have IBT: the kernel takes no address of ftrace_kill().
 */
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

static char *probe;
module_param(probe, charp, 0400);
MODULE_PARM_DESC(probe, "a kernel function to put a kprobe on");
static bool kill;
module_param(kill, bool, 0400);
MODULE_PARM_DESC(kill, "have ftrace give up");

static void probe_post(struct kprobe *p, struct pt_regs *regs,
		       unsigned long flags)
{
}

static struct kprobe holder = { .post_handler = probe_post };

static int ftrace_give_up(void)
{
	struct kprobe kp = { .symbol_name = "ftrace_kill" };
	int ret = register_kprobe(&kp);

	if (ret)
		return ret;
	unregister_kprobe(&kp);
	((void (*)(void))kp.addr)();
	return 0;
}

static int __init trouble_init(void)
{
	if (kill)
		return ftrace_give_up();
	holder.symbol_name = probe;
	return register_kprobe(&holder);
}

static void __exit trouble_exit(void)
{
	if (!kill)
		unregister_kprobe(&holder);
}

module_init(trouble_init);
module_exit(trouble_exit);

MODULE_DESCRIPTION("What else may happen to ftrace, for tests");
MODULE_LICENSE("GPL");
