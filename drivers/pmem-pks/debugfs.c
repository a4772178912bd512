// SPDX-License-Identifier: GPL-2.0
/*
 * The developer's interface: /sys/kernel/debug/pmem_pks/, for root only.
 *
 * Context: process context.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "internal.h"

static struct dentry *debug_root;

static void leaves_show_domain(struct domain *d, void *arg)
{
	struct seq_file *m = arg;
	struct keymap_leaves leaves;

	if (keymap_leaves(d->start, d->end, d->key, &leaves)) {
		seq_printf(m, "%s not mapped\n", d->name);
		return;
	}
	seq_printf(m, "%s key=%d keyed=%lu 4k=%lu 2m=%lu 1g=%lu\n", d->name,
		   d->key, leaves.keyed, leaves.nr[0], leaves.nr[1],
		   leaves.nr[2]);
}

static int leaves_show(struct seq_file *m, void *unused)
{
	pmem_for_each(leaves_show_domain, m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(leaves);

static int stops_show(struct seq_file *m, void *unused)
{
	seq_printf(m, "threads=%llu stops=%llu longest_ns=%llu\n",
		   stacks_stats.threads, stacks_stats.stops,
		   stacks_stats.longest_ns);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stops);

static int log_show(struct seq_file *m, void *unused)
{
	return report_show(m, false);
}
DEFINE_SHOW_ATTRIBUTE(log);

static int log_json_show(struct seq_file *m, void *unused)
{
	return report_show(m, true);
}
DEFINE_SHOW_ATTRIBUTE(log_json);

static int writer_hits_show(struct seq_file *m, void *unused)
{
	writers_show_hits(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(writer_hits);

static int unknown_writers_show(struct seq_file *m, void *unused)
{
	unknown_show_hits(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(unknown_writers);

/* After -EIO the file itself says what is wrong. */
static int hook_selftest_show(struct seq_file *m, void *unused)
{
	int ret = selftest_run(m);

	return ret == -EIO ? 0 : ret;
}
DEFINE_SHOW_ATTRIBUTE(hook_selftest);

/**
 * debugfs_view_init() - make the files
 *
 * A kernel without debugfs gets no files. Nothing depends on them.
 *
 * Context: process context, sleeps.
 */
void __init debugfs_view_init(void)
{
	debug_root = debugfs_create_dir("pmem_pks", NULL);
	debugfs_create_file("leaves", 0400, debug_root, NULL, &leaves_fops);
	debugfs_create_file("stops", 0400, debug_root, NULL, &stops_fops);
	debugfs_create_file("log", 0400, debug_root, NULL, &log_fops);
	debugfs_create_file("log.json", 0400, debug_root, NULL, &log_json_fops);
	debugfs_create_file("writers", 0400, debug_root, NULL,
			    &writer_hits_fops);
	debugfs_create_file("unknown_writers", 0400, debug_root, NULL,
			    &unknown_writers_fops);
	debugfs_create_file("hook_selftest", 0400, debug_root, NULL,
			    &hook_selftest_fops);
}

/**
 * debugfs_view_exit() - remove the files
 *
 * On return no thread reads one.
 *
 * Context: process context, sleeps.
 */
void debugfs_view_exit(void)
{
	debugfs_remove_recursive(debug_root);
}
