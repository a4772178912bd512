/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The interface of each file to the others, lowest layer first. A file uses only
 * what is above its own part here: tests/host/arrows.sh checks the objects.
 *
 * Locks, outermost first. Each may be taken while those before it are held:
 *
 *	selftest_lock	selftest.c	one self-test at a time
 *	drill_lock	drill.c		one drill at a time
 *	writers_lock	writers.c	which writers are hooked
 *	scan_lock	pmem.c		the scan at load, and mappings under way
 *	pmem_lock	pmem.c		the mappings of pmem
 *	alias_lock	alias.c		second mappings
 *	domain_lock	domain.c	changes of the table of domains
 *	keymap_lock	keymap.c	changes of leaves, and the lives of keys
 *	cpa_lock, pgd_lock		the kernel's, for one leaf
 *	hook_lock	hook.c		the list of hooks
 *	texts_lock	unknown.c	drivers, and what they have stored
 *	watched_lock	page.c		the domains whose pages are noted
 *
 * Raw spinlocks, taken with interrupts off: lost_lock (grant.c), record_lock
 * (record.c) and report_lock (report.c). The page fault may take lost_lock, as no
 * holder of it writes to a protected page. It takes neither of the others.
 */
#ifndef PMEM_PKS_INTERNAL_H
#define PMEM_PKS_INTERNAL_H

#include <linux/lockdep.h>
#include <linux/types.h>
#include <linux/pks.h>
#include <linux/pmem_pks.h>
#include <asm/ibt.h>

#include "compat.h"

#undef pr_fmt
#define pr_fmt(fmt) "pmem_pks: " fmt

struct module;
struct seq_file;

/* symbols.c: kernel symbols that are not exported */
#include "symbols.h"

/* stacks.c: which threads are inside some code */
#include "stacks.h"

/* holder.c: what else has hooked a function */
void holder_describe(unsigned long addr, char *buf, size_t size);

/* hook.c: kernel functions hooked by name */
#include "hook.h"

/* trace.c: tracepoints, see trace.h */
int trace_hold(void);
void trace_release(void);
void __cold trace_key_granted(unsigned int key);
void __cold trace_key_revoked(unsigned int key);

/* pks.c: the CPU */
#include "pks.h"

/* grant.c: what each context has open */
#include "grant.h"

/* keymap.c: keys on leaves. key.c: a key's life and its owner */
#include "key.h"

/* insn.c: decoded stores */
#include "insn.h"

/* step.c: performs a denied store */
#include "step.h"

/* contain.c: an instruction without its store */
bool contain_store(struct pt_regs *regs, unsigned long addr,
		   unsigned long start, unsigned long end,
		   struct store *dropped);
bool contain_decode(const struct pt_regs *regs, unsigned long addr,
		    struct store *what);

/* domain.c: the table of ranges */
#include "domain.h"

/* page.c: is a page pinned, and which page of which file is it */
bool page_is_pinned(const struct domain *d, unsigned long addr);
bool page_in_file(const struct domain *d, unsigned long addr,
		  unsigned long *index);
void page_note(unsigned long pfn, unsigned long nr);
void page_watch(struct domain *d);
void page_unwatch(struct domain *d);
void page_exit(void);

/* kmap.c: grants of mapped pages, see linux/pmem_pks.h */

/* shield.c: contexts that start with no key open */
#include "shield.h"

/* unknown.c: writers that no hook covers */
void unknown_init(void);
void unknown_exit(void);
void unknown_module_event(const struct module *module, unsigned long event);
void unknown_unhooked(const struct module *module, bool unhooked);
void unknown_known(const char *name);
int unknown_refuse(const char *mode);
int unknown_show(char *buf);
void unknown_show_hits(struct seq_file *m);
bool unknown_store(struct pt_regs *regs);

/* writers.c: functions that may write pmem */

/* The most that the administrator may add: the list has to fit into a page. */
#define WRITERS_MAX	24

int writers_init(char **names, unsigned int nr);
void writers_exit(void);
int writers_change(const char *change);
int writers_show(char *buf);
void writers_show_hits(struct seq_file *m);
u64 writers_count(const char *name);
bool writers_direct_store(struct pt_regs *regs);
/* writers_entry.S */
extern const struct hook_trampoline writers_trampoline,
	writers_block_trampoline, writers_dax_trampoline;
unsigned long writer_enter(const unsigned long *args, unsigned long ip,
			   struct grant *record);
void writer_exit(unsigned long token, struct grant *record);
__noendbr unsigned long writer_enter_block(unsigned long dst,
					   struct grant *record);
__noendbr unsigned long writer_enter_dax(unsigned long dst,
					 struct grant *record);
__noendbr void writer_exit_dst(unsigned long token, struct grant *record);

/* record.c: records of stray accesses */
#include "record.h"

/* report.c: counters, log lines and events of stray accesses */
#include "report.h"

/* fault.c: the page fault */

extern int fault_mode;		/* an enum fault_mode, not FAULT_INHERIT */

/* How writes to pinned pages are handled. */
enum fault_pinned { PINNED_ALLOW, PINNED_STEP, PINNED_DENY };

extern int fault_pinned;	/* an enum fault_pinned */
extern const struct key_owner fault_domains;
extern struct store fault_last;	/* KUnit: the store that was reported last */

int fault_mode_of(const struct domain *d);
int fault_init(void);
void fault_exit(void);

/* selftest.c: are the hooks called */
int selftest_run(struct seq_file *m);

/* drill.c: is a namespace protected */
int drill_run(struct domain *d);
int drill_show(struct domain *d, char *buf);

/* sysfs.c: the user's interface */
int sysfs_view_init(void);
void sysfs_view_exit(void);
int sysfs_add_domain(struct domain *d);
void sysfs_tell_domain(struct domain *d);
void sysfs_del_domain(struct domain *d);

/* alias.c: second mappings of a namespace */
int alias_init(void);
void alias_settled(void);
void alias_scan(struct domain *d);
void alias_drop(struct domain *d);
void alias_exit(void);
/* alias_entry.S */
extern const struct hook_trampoline alias_trampoline;
unsigned long alias_enter(const unsigned long *args, unsigned long ip);
void alias_made(unsigned long token, unsigned long addr);

/* pmem.c: follows the mappings of pmem */
int pmem_init(bool protect);
void pmem_exit(void);
void pmem_for_each(void (*func)(struct domain *d, void *arg), void *arg);
/* pmem_entry.S */
extern const struct hook_trampoline pmem_trampoline;
unsigned long pmem_enter(const unsigned long *args, unsigned long ip);
void pmem_exit_map(unsigned long token, unsigned long ret);

/* debugfs.c: the developer's interface */
void debugfs_view_init(void);
void debugfs_view_exit(void);

#endif /* PMEM_PKS_INTERNAL_H */
