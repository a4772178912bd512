/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Protected ranges: see domain.c.
 */
#ifndef PMEM_PKS_DOMAIN_H
#define PMEM_PKS_DOMAIN_H

#include <linux/atomic.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/types.h>
#include <linux/workqueue.h>

/* What is done about a stray write. FAULT_INHERIT, for a domain: the global mode. */
enum fault_mode {
	FAULT_RELAXED,
	FAULT_CONTAIN,
	FAULT_STRICT,
	FAULT_PANIC,
	FAULT_INHERIT,
};

extern const char * const fault_mode_names[];

#define DOMAIN_NAME_LEN	32
#define DOMAIN_LAST_LEN	256
#define DOMAIN_DRILL_LEN	512

struct domain {
	unsigned long start;	/* kernel virtual, page-aligned */
	unsigned long end;	/* address after the last byte */
	int key;		/* not 0 while the domain is in the table */
	bool protect;		/* the leaves carry the key; under domain_lock */
	bool silent;		/* of the module itself: reported to it alone */
	atomic64_t stray_writes;
	atomic64_t stray_reads;
	atomic64_t pinned_writes;
	atomic64_t pinned_windows;
	enum fault_mode fault_mode;
	/* Used by report.c: */
	char last[DOMAIN_LAST_LEN];
	u64 last_time;
	struct kernfs_node *strays_file;
	struct delayed_work uevent;
	unsigned long uevent_next;	/* in jiffies */
	char name[DOMAIN_NAME_LEN];
	/* Set by pmem.c: */
	phys_addr_t phys;
	unsigned long pages;	/* first address of pages that can be pinned, or 0 */
	/* Used by page.c: */
	unsigned long *notes;	/* bit per page, or NULL */
	unsigned long note_dropped;	/* 1 + the bit that the worker drops, or 0 */
	struct list_head watched;
	/* Used by pmem.c: */
	const void *owner;
	struct list_head list;	/* under pmem_lock */
	/* Used by alias.c: */
	unsigned int aliases;	/* number of aliases without a key */
	bool aliases_told;
	bool aliases_closed;
	/* Used by drill.c: */
	char drill[DOMAIN_DRILL_LEN];
	struct kobject kobj;
};

struct domain_range {
	unsigned long start;
	unsigned long end;
	unsigned int key;
	u32 mask;		/* PKRS_KEY_MASK() of it */
	struct domain *domain;
	unsigned long home;	/* address of its first byte in the domain */
};

/* In order of address. An empty range follows the last one. */
struct domain_table {
	unsigned int nr;
	struct domain_range range[];
};

extern struct domain_table __rcu *domain_table;
/* Set by pmem.c, when no thread is inside a writer without a grant. */
extern bool domain_settled;

/**
 * domain_find() - find the range of a domain that contains an address
 * @addr: a kernel virtual address
 * @range: out: the entry in the table; valid until preemption is on again
 *
 * Context: any, preemption off.
 * Cost: six instructions, and three for each range below the address.
 * Return: whether the address is in a domain.
 */
static __always_inline bool domain_find(unsigned long addr,
					const struct domain_range **range)
{
	const struct domain_range *r =
		rcu_dereference_sched(domain_table)->range;

	while (addr >= r->end)
		r++;
	*range = r;
	return likely(addr >= r->start);
}

void domain_fill(struct domain *d, const char *name, int key,
		 unsigned long start, size_t size);
int domain_add(struct domain *d);
void domain_del(struct domain *d);
int domain_add_range(struct domain *d, unsigned long start, unsigned long end,
		     unsigned long home);
void domain_del_range(struct domain *d, unsigned long start);
int domain_protect(struct domain *d, bool on);
void domain_failed_open(int key);
void domain_exit(void);
struct domain *domain_find_alias(unsigned long *addr, int key);
u32 domain_keys(unsigned long start, unsigned long end);

#endif /* PMEM_PKS_DOMAIN_H */
