/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of pmem_pks know of each other, lowest layer first. Each file
 * uses only what stands above its own part here.
 */
#ifndef PMEM_PKS_INTERNAL_H
#define PMEM_PKS_INTERNAL_H

#include <linux/bits.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/pks.h>

#undef pr_fmt
#define pr_fmt(fmt) "pmem_pks: " fmt

struct dev_pagemap;
struct pt_regs;

/* pks.c: the CPU */

/* The two bits of a key in PKRS: bit 0 denies all access, bit 1 writes. */
#define PKRS_KEY_MASK(key)	(3u << ((key) * 2))
#define PKRS_WRITE_DISABLE(key)	(2u << ((key) * 2))

/* What PKRS holds on this CPU. Written with preemption off. */
DECLARE_PER_CPU(u32, pks_pkrs);
/* What PKRS holds where nothing is granted. */
extern u32 pks_closed;

int pks_init(void);
void pks_exit(void);
void pks_write(u32 pkrs);
void pks_open_everywhere(int key);
bool pks_close(int key);

/* grant.c: who may write */

#define GRANT_SCOPE	BIT(8)	/* in a token: no key, grant_scope_begin() */

/* The rights of one context: a thread, or an interrupt on one CPU. */
struct grant_ctx {
	u32 base;		/* PKRS without the grants of this context */
	u32 open;		/* bits that the grants clear in it */
	u32 scope_keys;		/* bit per key that grant_scope_key() opened */
	u16 scopes;		/* nesting of grant_scope_begin() */
	u16 users;		/* grants and scopes, nested ones included */
	u16 depth[PKS_NR_KEYS];
	/* The instruction that fault.c lets through, if step_keys is not 0. */
	u32 step_keys;		/* bit per key that is open for it */
	bool step_tf;		/* the context had EFLAGS.TF set itself */
	unsigned long step_ip;
};

int grant_init(void);
void grant_exit(void);
void grant_drain(void);
struct grant_ctx *grant_ctx(void);
struct grant_ctx *grant_ctx_stepping(void);
struct grant_ctx *grant_atomic(int key);
void grant_atomic_end(struct grant_ctx *ctx, int key);
bool grant_scope_begin(void);
void grant_scope_end(void);
void grant_scope_key(struct grant_ctx *ctx, int key);
void grant_reload(void);
void grant_close_everywhere(int key);
u64 grant_total(void);

/* keymap.c: keys on leaves */

struct keymap_leaves {
	unsigned long nr[3];	/* of 4 KiB, 2 MiB and 1 GiB */
	unsigned long keyed;	/* those that carry the key asked for */
};

int keymap_leaves(unsigned long start, unsigned long end, int key,
		  struct keymap_leaves *leaves);

/* domain.c: protected ranges */

enum fault_mode { FAULT_RELAXED, FAULT_STRICT };

#define DOMAIN_NAME_LEN	32

/* A stray write, as it was when it was caught. */
struct stray {
	char domain[DOMAIN_NAME_LEN];
	char comm[TASK_COMM_LEN];
	unsigned long offset;
	unsigned long ip;
	pid_t pid;
	int cpu;
	enum fault_mode mode;
};

struct domain {
	unsigned long start;	/* kernel virtual, page-aligned */
	unsigned long end;	/* after the last byte */
	int key;		/* never 0 while the domain is in the table */
	bool protect;		/* the leaves carry the key; domain_lock */
	bool failed_open;	/* no memory for a grant: key open everywhere */
	bool silent;		/* the self-test's: not reported */
	atomic64_t stray_writes;
	struct stray last;	/* report.c's lock */
	char name[DOMAIN_NAME_LEN];
	struct dev_pagemap *pgmap;
	struct list_head list;	/* pmem.c's lock */
	struct kobject kobj;
};

int domain_add(struct domain *d);
void domain_del(struct domain *d);
int domain_protect(struct domain *d, bool on);
void domain_fail_open(struct domain *d);
struct domain *domain_find(unsigned long addr);
u64 domain_fail_open_total(void);

/* hook.c: kernel functions hooked by name */

struct ftrace_ops;

struct hook {
	const char *name;
	const char *alias;	/* its name on other kernels, or NULL */
	const char *tail;	/* what it ends in by a jump, or NULL */
	union {
		/* writers.c: which argument is the destination */
		int dst_arg;
		/* A diverted function's: true when it is not to run. */
		bool (*handle)(unsigned long arg0, unsigned long arg1,
			       unsigned long arg2);
	};
	/* Set by hook_place(). */
	unsigned long addr;
	unsigned long size;
	unsigned long tail_addr;
	unsigned long tail_size;
};

/* Hooks that come and go together: the kernel takes its time for each set. */
struct hook_set {
	struct hook *hooks;
	unsigned int nr;
	unsigned long trampoline;	/* 0: the functions are diverted */
	struct ftrace_ops *ops;		/* NULL while not in place */
	struct list_head list;
};

/* ftrace calls from behind the ENDBR, if there is one. */
#define HOOK_CALL_END	16

/* Which function of a set the trampoline was called from. */
static inline const struct hook *hook_from(const struct hook_set *set,
					   unsigned long ip)
{
	const struct hook *hook = set->hooks;

	while (ip - hook->addr > HOOK_CALL_END)
		hook++;
	return hook;
}

int hook_init(void);
unsigned long hook_symbol(const char *name);
unsigned long hook_symbol_size(unsigned long addr);
int hook_place(struct hook_set *set);
void hook_remove(struct hook_set *set);
int hook_settle(void);
bool hook_covers(const struct hook *hook, unsigned long ip);

/* hook_entry.S */
void hook_writer_trampoline(void);
void hook_pmem_trampoline(void);
void hook_trampolines_end(void);
unsigned long hook_call(unsigned long func, unsigned long arg);
void hook_nothing(void);
/* What the trampolines call before and behind the function. */
unsigned long writer_enter(const unsigned long *args, unsigned long ip);
void writer_exit(unsigned long token, unsigned long ret);
unsigned long pmem_enter(const unsigned long *args, unsigned long ip);
void pmem_exit_map(unsigned long token, unsigned long ret);

/* writers.c: who writes pmem legitimately */

int writers_init(void);
void writers_exit(void);
bool writers_direct_store(struct pt_regs *regs);

/* report.c: what is told of a stray write */

void report_exit(void);
void report_stray(struct domain *d, unsigned long addr, struct pt_regs *regs,
		  enum fault_mode mode);
void report_forget(void);
int report_last(struct domain *d, char *buf, size_t size);
u64 report_total(void);

/* fault.c: the page fault */

extern enum fault_mode fault_mode;
extern const char * const fault_mode_names[];

int fault_init(void);
void fault_exit(void);

/* sysfs.c: the user's view */

int sysfs_init(void);
void sysfs_exit(void);
int sysfs_add_domain(struct domain *d);
void sysfs_del_domain(struct domain *d);

/* pmem.c: pmem mappings, as they come and go */

int pmem_init(bool protect);
void pmem_exit(void);
void pmem_for_each(void (*func)(struct domain *d, void *arg), void *arg);

#endif /* PMEM_PKS_INTERNAL_H */
