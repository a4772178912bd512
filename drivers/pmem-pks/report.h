/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reports of stray accesses: see report.c.
 */
#ifndef PMEM_PKS_REPORT_H
#define PMEM_PKS_REPORT_H

#include "record.h"

struct kernfs_node;
struct seq_file;

int report_init(void);
void report_exit(void);
void report_settle(void);
void report_start(struct domain *d, struct kernfs_node *file);
void report_stop(struct domain *d);
void report_stray(const struct denial *denial, enum fault_mode mode);
void report_pinned(const struct denial *denial);
void report_pinned_window(struct domain *d);
int report_last(struct domain *d, char *buf, size_t size);
int report_show(struct seq_file *m, bool json);
void report_set_total(struct kernfs_node *file);
u64 report_total(void);
u64 report_total_reads(void);
u64 report_total_pinned(void);
u64 report_total_windows(void);

#endif /* PMEM_PKS_REPORT_H */
