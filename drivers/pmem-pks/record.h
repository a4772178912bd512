/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records of stray accesses: see record.c.
 */
#ifndef PMEM_PKS_RECORD_H
#define PMEM_PKS_RECORD_H

#include <linux/sched.h>
#include <linux/stddef.h>
#include <linux/types.h>

#include "domain.h"
#include "insn.h"

struct seq_file;

enum stray_context {
	STRAY_THREAD,
	STRAY_SOFTIRQ,
	STRAY_HARDIRQ,
	STRAY_NMI,
	STRAY_CONTEXTS
};

#define STRAY_STACK	24

/* An access that a key denies, as fault.c describes it. */
struct denial {
	struct pt_regs *regs;	/* registers before the access */
	unsigned long at;	/* the address that was denied */
	unsigned long place;	/* address of the same byte in its domain */
	int key;
	bool read;
	struct domain *domain;
	struct store store;	/* what was to be written, as far as known */
};

/* A stray access, at the time when it was caught. */
struct stray {
	char domain[DOMAIN_NAME_LEN];
	char comm[TASK_COMM_LEN];
	u64 time;		/* nanoseconds since 1970 */
	unsigned long addr;
	unsigned long offset;	/* in the domain, in bytes */
	unsigned long index;	/* of the page in its file, if in_file */
	unsigned long ip;
	pid_t pid;
	int cpu;
	enum stray_context context;
	enum fault_mode mode;
	bool read;
	bool in_file;
	bool silent;		/* for the domain only */
	struct store store;
	unsigned int depth;	/* entries of stack[]; 0: it was not walked */
	unsigned long stack[STRAY_STACK];
};

int record_init(void);
void record_exit(void);
bool record_alike(const struct stray *a, const struct stray *b);
void record_print(char *buf, size_t size, const struct stray *s,
		  const char *function);
void record_add(const struct stray *s, u64 count);
void record_name_all(void);
int record_show(struct seq_file *m, bool json);

#endif /* PMEM_PKS_RECORD_H */
