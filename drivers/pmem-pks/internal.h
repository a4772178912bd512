/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of pmem_pks know of each other, lowest layer first. Each file
 * uses only what stands above its own part here.
 */
#ifndef PMEM_PKS_INTERNAL_H
#define PMEM_PKS_INTERNAL_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/tracepoint-defs.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <linux/pks.h>
#include <linux/pmem_pks.h>
#include <asm/ibt.h>
#include <asm/msr.h>

#include "compat.h"

#undef pr_fmt
#define pr_fmt(fmt) "pmem_pks: " fmt

struct pt_regs;

/* pks.c: the CPU */

/* The two bits of a key in PKRS: bit 0 denies all access, bit 1 writes. */
#define PKRS_KEY_MASK(key)	(3u << ((key) * 2))
#define PKRS_WRITE_DISABLE(key)	(2u << ((key) * 2))

/* What PKRS holds where nothing is granted. */
extern u32 pks_closed;

/* Set PKRS on this CPU. Preemption off. */
static __always_inline void pks_write(u32 pkrs)
{
	__wrmsr(MSR_IA32_PKRS, pkrs, 0);
}

static inline u32 pks_read(void)
{
	return __rdmsr(MSR_IA32_PKRS);
}

int pks_init(void);
void pks_exit(void);
int pks_take_key(enum pks_deny deny, bool *changed);
bool pks_put_key(int key);
bool pks_key_taken(int key);
void pks_open_everywhere(int key);
void pks_close(int key);
bool pks_is_open(int key);

/* grant.c: who may write */

#define GRANT_SPANS	4	/* maps over a domain's edge at a time */
/* In a depth: pmem_pks_window is of that key, and counts its own maps. */
#define GRANT_WINDOW	0x80000000
/* A thread, and interrupts of its, and of theirs, that have something open. */
#define GRANT_LEVELS	8

/* A map that granted more than one key. */
struct grant_span {
	unsigned long start;
	u32 keys;		/* a bit for each; 0: not in use */
	unsigned int above;	/* newer maps that begin in the same page */
};

/* The rights of one context: a thread, or an interrupt on one CPU. */
struct grant_ctx {
	u32 open;		/* bits that the grants clear in PKRS */
	u32 scope_keys;		/* bit per key that grant_scope_key() opened */
	/*
	 * How often each key is open. More than 1 sends the end of one to
	 * grant_close_nested(): so does GRANT_WINDOW, and one more for a span.
	 */
	unsigned int depth[PKS_NR_KEYS];
	unsigned int scopes;	/* nesting of grant_scope_begin() */
	unsigned int spans;
	struct grant_span span[GRANT_SPANS];
	/* The instruction that fault.c lets through, if step_keys is not 0. */
	u32 step_keys;		/* bit per key that is open for it */
	bool step_tf;		/* the context had EFLAGS.TF set itself */
	bool step_once;		/* for one repetition of it */
	unsigned long step_ip;
	int brief_key;		/* grant_brief_open()'s, or 0 */
	/*
	 * Where the context goes when its thread leaves the CPU: the room that
	 * its outermost writer has in its trampoline's frame. NULL without one.
	 */
	struct grant *record;
	/* Of a context that is not the top one of a CPU. */
	unsigned int busy;
	struct pmem_pks_window window;
	unsigned int tag;	/* see grant_push() */
};

/*
 * The context of a thread that is off the CPU, or in a page fault's handler. It
 * hangs on the thread, among its preempt notifiers.
 */
struct grant {
	struct preempt_notifier notifier;	/* only its link is of use */
	struct grant_ctx ctx;
	/* The page fault that it is put aside for; NULL: off the CPU. */
	struct pt_regs *fault;
	bool reserve;		/* of a CPU's reserve, not in a frame */
	struct grant *next;	/* of the free ones of a reserve */
};

/* A frame has room for one behind whole words. */
static_assert(sizeof(struct grant) % sizeof(long) == 0);

struct grant_cpu {
	struct grant_ctx *top;
	u64 total;
	struct grant_ctx ctx[GRANT_LEVELS];
};

/* What the top context has open, nested ones included; and its number. */
DECLARE_PER_CPU(unsigned int, grant_busy);
DECLARE_PER_CPU(unsigned int, grant_level);
DECLARE_PER_CPU(struct grant_cpu, grant_cpu);
extern bool grant_starve;	/* KUnit: no record is to be had */

int grant_init(void (*on_fail_open)(int key));
void grant_exit(void);
void grant_drain(void);
void grant_open_inner(unsigned int key, u32 mask, struct grant *record);
void grant_close_inner(unsigned int key, u32 mask, struct grant *record);
bool grant_close_rest(int key);
void grant_close_nested(int key, unsigned long addr);
/* Whether the context has a map over a domain's edge. */
static __always_inline bool grant_has_spans(void)
{
	return unlikely(__this_cpu_read(grant_cpu.top)->spans);
}

void grant_drop_window(void);
void grant_nest_span(unsigned long addr);
void grant_open_span(unsigned long start, u32 keys);
bool grant_close_span(unsigned long addr);
void grant_scope_begin(struct grant *record);
void grant_scope_end(struct grant *record);
bool grant_in_scope(void);
void grant_scope_key(int key);
bool grant_covers(int key);
void grant_step(int key, struct pt_regs *regs, bool once);
bool grant_step_done(struct pt_regs *regs);
void grant_fail_open(int key);
bool grant_brief_open(int key);
void grant_brief_close(void);
bool grant_push(unsigned int tag);
void grant_pop(unsigned int tag);
bool grant_put_aside(struct pt_regs *fault);
void grant_take_back(struct pt_regs *fault);
void grant_switch(const unsigned long *args, unsigned long ip);
void grant_reload(void);
void grant_reload_everywhere(void);
int grant_close_everywhere(int key);
bool grant_is_lost(int key);
bool grant_is_held(int key);
u64 grant_total(void);
u64 grant_fail_open_total(void);

/* trace.h's, of which a header must not have more. */
DECLARE_TRACEPOINT(grant);
DECLARE_TRACEPOINT(revoke);
void __cold grant_trace_open(unsigned int key);
void __cold grant_trace_close(unsigned int key);

/* PKRS of a context. */
static __always_inline void grant_write(const struct grant_ctx *ctx)
{
	pks_write(READ_ONCE(pks_closed) & ~ctx->open);
}

/**
 * grant_open() - grant a key to the current context
 * @key: an allocated key
 * @mask: PKRS_KEY_MASK() of it
 *
 * Context: any but NMI, preemption off.
 * Return: whether the context had it open already.
 */
static __always_inline bool grant_open(unsigned int key, u32 mask)
{
	struct grant_ctx *ctx;

	__this_cpu_inc(grant_busy);
	barrier();
	/* An interrupt ends it in the midst of changes: nothing goes with it. */
	if (unlikely(__this_cpu_read(grant_cpu.ctx[0].brief_key)))
		grant_brief_close();
	ctx = __this_cpu_read(grant_cpu.top);
	ctx->depth[key]++;
	if (unlikely(ctx->open & mask))
		return true;
	ctx->open |= mask;
	grant_write(ctx);
	__this_cpu_inc(grant_cpu.total);
	if (tracepoint_enabled(grant))
		grant_trace_open(key);
	return false;
}

/**
 * grant_close() - end a grant_open()
 * @key: the key
 * @mask: PKRS_KEY_MASK() of it
 * @addr: for a map, its address; 0 otherwise
 *
 * Context: the one that called grant_open(), preemption off.
 * Return: false, and nothing is changed, if the context has no grant of it.
 */
static __always_inline bool grant_close(unsigned int key, u32 mask,
					unsigned long addr)
{
	struct grant_ctx *ctx = __this_cpu_read(grant_cpu.top);

	if (unlikely(!(ctx->open & mask)))
		return grant_close_rest(key);
	if (unlikely(--ctx->depth[key])) {
		grant_close_nested(key, addr);
		return true;
	}
	ctx->open &= ~mask;
	grant_write(ctx);
	barrier();
	__this_cpu_dec(grant_busy);
	if (tracepoint_enabled(revoke))
		grant_trace_close(key);
	return true;
}

/**
 * grant_open_window() - grant a key, and let further maps of its domain count
 * @key: an allocated key
 * @mask: PKRS_KEY_MASK() of it
 * @start: the domain's first address
 * @end: the address after its last
 *
 * Context: any but NMI, preemption off.
 * Return: false, and nothing is changed, if the context has something open.
 */
static __always_inline bool grant_open_window(unsigned int key, u32 mask,
					      unsigned long start,
					      unsigned long end)
{
	struct grant_ctx *ctx;

	__this_cpu_inc(grant_busy);
	barrier();
	ctx = __this_cpu_read(grant_cpu.top);
	if (unlikely(ctx->open)) {
		__this_cpu_dec(grant_busy);
		return false;
	}
	ctx->open = mask;
	ctx->depth[key] = GRANT_WINDOW;
	__this_cpu_write(pmem_pks_window.start, start);
	__this_cpu_write(pmem_pks_window.size, end - start);
	__this_cpu_write(pmem_pks_window.key, key);
	__this_cpu_write(pmem_pks_window.others, ~mask);
	pks_write(READ_ONCE(pks_closed) & ~mask);
	__this_cpu_inc(grant_cpu.total);
	if (tracepoint_enabled(grant))
		grant_trace_open(key);
	return true;
}

/**
 * grant_close_window() - end a grant_open_window()
 *
 * Context: the one that called it, preemption off, no map counted in the window.
 * Return: false, and nothing is changed, if the context has other grants of the
 * key, or no window.
 */
static __always_inline bool grant_close_window(void)
{
	struct grant_ctx *ctx = __this_cpu_read(grant_cpu.top);
	unsigned int key = __this_cpu_read(pmem_pks_window.key);
	u32 open;

	if (unlikely(ctx->depth[key] != GRANT_WINDOW))
		return false;
	ctx->depth[key] = 0;
	open = ctx->open & __this_cpu_read(pmem_pks_window.others);
	ctx->open = open;
	__this_cpu_write(pmem_pks_window.size, 0);
	pks_write(READ_ONCE(pks_closed) & ~open);
	barrier();
	__this_cpu_dec(grant_busy);
	if (tracepoint_enabled(revoke))
		grant_trace_close(key);
	return true;
}

/**
 * grant_open_writer() - grant a key to a wrapped writer
 * @key: an allocated key
 * @mask: PKRS_KEY_MASK() of it
 * @record: the room in the writer's frame, until grant_close_writer()
 *
 * Context: any but NMI, preemption off.
 */
static __always_inline void grant_open_writer(unsigned int key, u32 mask,
					      struct grant *record)
{
	struct grant_ctx *ctx;

	if (unlikely(__this_cpu_read(grant_busy))) {
		grant_open_inner(key, mask, record);
		return;
	}
	__this_cpu_write(grant_busy, 1);
	barrier();
	ctx = __this_cpu_read(grant_cpu.top);
	ctx->depth[key] = 1;
	ctx->open = mask;
	ctx->record = record;
	pks_write(READ_ONCE(pks_closed) & ~mask);
	__this_cpu_inc(grant_cpu.total);
	if (tracepoint_enabled(grant))
		grant_trace_open(key);
}

/**
 * grant_close_writer() - end a grant_open_writer()
 * @key: the key
 * @mask: PKRS_KEY_MASK() of it
 * @record: as before
 *
 * Context: the one that called it, preemption off.
 */
static __always_inline void grant_close_writer(unsigned int key, u32 mask,
					       struct grant *record)
{
	struct grant_ctx *ctx = __this_cpu_read(grant_cpu.top);

	if (unlikely(__this_cpu_read(grant_busy) != 1 || ctx->open != mask)) {
		grant_close_inner(key, mask, record);
		return;
	}
	ctx->depth[key] = 0;
	ctx->open = 0;
	ctx->record = NULL;
	pks_write(READ_ONCE(pks_closed));
	barrier();
	__this_cpu_write(grant_busy, 0);
	if (tracepoint_enabled(revoke))
		grant_trace_close(key);
}

/* grant_open() and grant_close() where speed does not matter. */
static inline void grant_open_slowly(int key)
{
	grant_open(key, PKRS_KEY_MASK(key));
}

static inline bool grant_close_slowly(int key)
{
	return grant_close(key, PKRS_KEY_MASK(key), 0);
}

/* keymap.c: keys on leaves */

struct keymap_leaves {
	unsigned long nr[3];	/* of 4 KiB, 2 MiB and 1 GiB */
	unsigned long keyed;	/* those that carry the key asked for */
};

extern unsigned int keymap_changes;

int keymap_init(void);
int keymap_key(unsigned long addr);
bool keymap_allows(unsigned long addr, bool write);
bool keymap_leaf(unsigned long addr, unsigned long *frame, unsigned long *next);
int keymap_set(unsigned long start, unsigned long end, int key, bool direct);
int keymap_leaves(unsigned long start, unsigned long end, int key,
		  struct keymap_leaves *leaves);

/* insn.c: what a store is */

struct contain {
	unsigned int width;	/* bytes of one store */
	u64 bytes;		/* in all: more, of a repeated instruction */
	/* Its first bytes, as far as they are known. */
	unsigned int data_len;
	u8 data[64];
};

/* What an operation in contain_ops.S works on. */
struct contain_operands {
	u64 dst;
	u64 src;
	u64 count;	/* of a shift: %cl */
	u64 flags;
};

/* From one instruction there to the next. */
enum { CONTAIN_SLOT = 32 };

void contain_operations(void);
void contain_vectors(void);

int access_init(void);

/* step.c: a store let through */

enum step { STEP_DONE, STEP_STRING, STEP_UNKNOWN, STEP_FAULTED };

/* At the most so long may a thread write a domain's pinned pages unasked. */
#define STEP_WINDOW_US	50
/* After so many stores in a row. */
#define STEP_ROW	8

void step_init(void);
void step_exit(void);
void step_streams(void);
void step_exchanges(void);
void step_strings(void);
bool step_front(struct pt_regs *regs, unsigned long *addr);
void step_row_ends(void);
bool step_goes_on(const struct pt_regs *regs, int key);
void step_will_go_on(const struct pt_regs *regs, int key);
bool step_row(const struct pt_regs *regs, unsigned long addr, int key);
enum step step_perform(const struct pt_regs *regs, unsigned long addr, int key,
		       struct pt_regs *after, struct contain *what);

/* contain.c: a store's effects without the store */

bool contain_store(struct pt_regs *regs, unsigned long addr,
		   unsigned long start, unsigned long end,
		   struct contain *dropped);
extern struct contain contain_last;	/* KUnit: what was dropped last */
bool contain_decode(const struct pt_regs *regs, unsigned long addr,
		    struct contain *what);

/* domain.c: protected ranges */

/* A domain's can be FAULT_INHERIT: what the whole system has. */
enum fault_mode {
	FAULT_RELAXED,
	FAULT_CONTAIN,
	FAULT_STRICT,
	FAULT_PANIC,
	FAULT_INHERIT,
};

extern const char * const fault_mode_names[];

#define DOMAIN_NAME_LEN	32

enum stray_context { STRAY_THREAD, STRAY_SOFTIRQ, STRAY_HARDIRQ, STRAY_NMI };

#define STRAY_STACK	24

/* A stray access, as it was when it was caught. */
struct stray {
	char domain[DOMAIN_NAME_LEN];
	char comm[TASK_COMM_LEN];
	u64 time;		/* nanoseconds since 1970 */
	unsigned long addr;
	unsigned long offset;	/* in the domain */
	unsigned long index;	/* of the page in its file, if in_file */
	unsigned long ip;
	pid_t pid;
	int cpu;
	enum stray_context context;
	enum fault_mode mode;
	bool read;
	bool in_file;
	struct contain store;
	unsigned int depth;	/* of the stack; 0: it was not looked at */
	unsigned long stack[STRAY_STACK];
};

struct domain {
	unsigned long start;	/* kernel virtual, page-aligned */
	unsigned long end;	/* after the last byte */
	int key;		/* never 0 while the domain is in the table */
	bool own_key;		/* its owner's, not domain.c's */
	bool protect;		/* the leaves carry the key; domain_lock */
	bool silent;		/* the self-test's: not reported */
	atomic64_t stray_writes;
	atomic64_t stray_reads;
	atomic64_t pinned_writes;
	atomic64_t pinned_windows;
	enum fault_mode fault_mode;
	/* report.c's: */
	char last[256];
	u64 last_time;
	struct kernfs_node *strays_file;
	struct delayed_work uevent;
	unsigned long uevent_next;	/* in jiffies */
	char name[DOMAIN_NAME_LEN];
	/* pmem.c's: */
	phys_addr_t phys;
	unsigned long pages;	/* from there on pages can be pinned; or 0 */
	/* page.c's: */
	unsigned long *notes;	/* a bit for each page; or NULL */
	unsigned long note_dropped;	/* the worker's: that bit, and one */
	struct list_head watched;
	/* pmem.c's: */
	const void *owner;
	struct list_head list;	/* its lock */
	/* alias.c's: */
	unsigned int aliases;	/* those without a key */
	bool aliases_told;
	bool aliases_closed;
	struct kobject kobj;
};

struct domain_range {
	unsigned long start;
	unsigned long end;
	unsigned int key;
	u32 mask;		/* PKRS_KEY_MASK() of it */
	struct domain *domain;
	unsigned long home;	/* where its first byte is in the domain */
};

/* In order of address, and behind the last one there is an empty one. */
struct domain_table {
	unsigned int nr;
	struct domain_range range[];
};

extern struct domain_table __rcu *domain_table;

/**
 * domain_find() - the domain that an address belongs to
 * @addr: a kernel virtual address
 * @range: out: its entry in the table; valid until preemption is on again
 *
 * Context: any, preemption off.
 * Cost: six instructions, and three for each domain below the address.
 * Return: whether it is in a domain.
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

/* page.c: what struct page says */

bool page_is_pinned(const struct domain *d, unsigned long addr);
bool page_in_file(const struct domain *d, unsigned long addr,
		  unsigned long *index);
void page_note(unsigned long pfn, unsigned long nr);
void page_watch(struct domain *d);
void page_unwatch(struct domain *d);
void page_exit(void);

/* stacks.c: who is inside of something */

typedef unsigned long (*stacks_inside_t)(struct task_struct *task, void *arg);

/* Since load: what looking at them has cost. */
struct stacks_stats {
	u64 threads;		/* that were looked at */
	u64 stops;		/* of the machine */
	u64 longest_ns;		/* the longest of them */
};

extern struct stacks_stats stacks_stats;

int stacks_init(void);
bool stacks_walk(struct task_struct *task,
		 bool (*each)(unsigned long ip, void *arg), void *arg);
unsigned long stacks_word(struct task_struct *task,
			  bool (*is)(unsigned long word, void *arg), void *arg);
int stacks_wait(stacks_inside_t inside, void *arg, const char *what,
		bool interruptible);

/* hook.c: kernel functions hooked by name */

struct ftrace_ops;

struct hook {
	const char *name;
	const char *alias;	/* its name on other kernels, or NULL */
	const char *tails[2];	/* what it ends in by a jump, or NULL */
	bool optional;		/* not every kernel has it */
	bool left_out;		/* shield.c: somebody else has it */
	union {
		/* writers.c: which argument is the destination */
		int dst_arg;
		/* A diverted function's: true when it is not to run. */
		bool (*handle)(unsigned long arg0, unsigned long arg1,
			       unsigned long arg2);
	};
	atomic64_t hits;	/* writers.c: calls that were wrapped */
	/* Set by hook_place(). */
	unsigned long addr;	/* 0 if there is no such function */
	unsigned long size;
	unsigned long tail_addr[2];
	unsigned long tail_size[2];
};

/* What hook_settle() can be asked about. */
enum hook_kind { HOOK_OTHER, HOOK_MAPPINGS, HOOK_WRITERS };

/* Hooks that come and go together: the kernel takes its time for each set. */
struct hook_set {
	struct hook *hooks;
	unsigned int nr;
	unsigned long trampoline;	/* 0: the functions are diverted */
	enum hook_kind kind;
	const struct hook *failed;	/* that hook_place() could not hook */
	struct ftrace_ops *ops;		/* NULL while not in place */
	bool unhooked;	/* writers.c: it could not be placed in its module */
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
void hook_exit(void);
unsigned long hook_symbol(const char *name);
unsigned long hook_symbol_size(unsigned long addr, char *module);

/* A function of the kernel's; size is 0 if it has none of the name. */
struct hook_function {
	const char *name;
	unsigned long addr;
	unsigned long size;
};

bool hook_functions_find(struct hook_function *functions, size_t nr);
bool hook_is_in_functions(const struct hook_function *functions, size_t nr,
			  unsigned long ip);
const char *hook_name_of(unsigned long addr, char *text);
int hook_place(struct hook_set *set);
void hook_remove(struct hook_set *set);
struct hook *hook_find(void (*trampoline)(void), unsigned long ip);
int hook_settle(enum hook_kind kind, bool interruptible);
void hook_drain(void);
bool hook_covers(const struct hook *hook, unsigned long ip);

/* hook_entry.S */
void hook_writer_trampoline(void);
void hook_writer_trampoline_end(void);
void hook_block_trampoline(void);
void hook_dax_trampoline(void);
void hook_pmem_trampoline(void);
void hook_alias_trampoline(void);
void hook_enter_trampoline(void);
void hook_around_trampoline(void);
void hook_irq_exit_trampoline(void);
void hook_switch_trampoline(void);
void hook_trampolines_end(void);
void hook_fault_return(void);
/* Where the trampolines wait for their functions. */
extern const unsigned long hook_waiting[], hook_waiting_end[];
unsigned long hook_call(unsigned long func, unsigned long arg0,
			unsigned long arg1, unsigned long arg2,
			unsigned long arg3);
void hook_nothing(void);
/* What the trampolines call before and behind the function. */
unsigned long writer_enter(const unsigned long *args, unsigned long ip,
			   struct grant *record);
__noendbr unsigned long writer_enter_block(unsigned long dst,
					   struct grant *record);
__noendbr unsigned long writer_enter_dax(unsigned long dst,
					 struct grant *record);
__noendbr void writer_exit_dst(unsigned long token, struct grant *record);
void writer_exit(unsigned long token, struct grant *record);
unsigned long pmem_enter(const unsigned long *args, unsigned long ip);
void pmem_exit_map(unsigned long token, unsigned long ret);
unsigned long alias_enter(const unsigned long *args, unsigned long ip);
void alias_made(unsigned long token, unsigned long addr);
void shield_enter(const unsigned long *args, unsigned long ip);
unsigned long shield_around(const unsigned long *args, unsigned long ip);
void shield_around_exit(unsigned long token, unsigned long ret);
unsigned long shield_irq(const unsigned long *args, unsigned long ip);
void shield_irq_exit(unsigned long token, unsigned long ret);
unsigned long shield_fault_exit(struct pt_regs *regs);

/* holder.c: who else has a function */

void holder_describe(unsigned long addr, char *buf, size_t size);

/* shield.c: who starts with nothing open */

/* The parts of it that are missing, "interrupts, NMIs"; mostly "". */
extern char shield_gaps[];

int shield_init(bool degrade);
int shield_selftest(void);
void shield_exit(void);
int shield_show_missing(char *buf);

/* unknown.c: writers that no hook covers */

struct module;

int unknown_init(void);
void unknown_exit(void);
void unknown_module_event(const struct module *module, unsigned long event);
void unknown_unhooked(const struct module *module, bool unhooked);
void unknown_known(const char *name);
int unknown_refuse(const char *mode);
int unknown_show(char *buf);
bool unknown_store(struct pt_regs *regs);

/* writers.c: who writes pmem legitimately */

/* What the administrator may add: the list has to fit into a page. */
#define WRITERS_MAX	24

int writers_init(char **names, unsigned int nr);
void writers_exit(void);
int writers_change(const char *change);
int writers_show(char *buf);
bool writers_direct_store(struct pt_regs *regs);

/* report.c: what is told of a stray write */

struct seq_file;

int report_init(void);
void report_exit(void);
void report_start(struct domain *d, struct kernfs_node *file);
void report_stop(struct domain *d);
void report_stray(struct domain *d, unsigned long addr, struct pt_regs *regs,
		  bool read, enum fault_mode mode, const struct contain *store);
void report_pinned(struct domain *d, unsigned long addr, struct pt_regs *regs);
void report_pinned_window(struct domain *d);
int report_last(struct domain *d, char *buf, size_t size);
int report_show(struct seq_file *m, bool json);
void report_set_total(struct kernfs_node *file);
int report_trace_hold(void);
void report_trace_release(void);
u64 report_total(void);
u64 report_total_reads(void);
u64 report_total_pinned(void);
u64 report_total_windows(void);

/* fault.c: the page fault */

extern int fault_mode;		/* an enum fault_mode, not FAULT_INHERIT */

/* What becomes of writes to pinned pages. */
enum fault_pinned { PINNED_ALLOW, PINNED_STEP, PINNED_DENY };

extern int fault_pinned;	/* an enum fault_pinned */

int fault_init(void);
void fault_exit(void);

/* sysfs.c: the user's view */

int sysfs_view_init(void);
void sysfs_view_exit(void);
int sysfs_add_domain(struct domain *d);
void sysfs_del_domain(struct domain *d);

/* alias.c: second mappings of a namespace */

int alias_init(void);
void alias_settled(void);
void alias_scan(struct domain *d);
void alias_drop(struct domain *d);
void alias_exit(void);

/* pmem.c: pmem mappings, as they come and go */

int pmem_init(bool protect);
bool pmem_is_settled(void);
void pmem_exit(void);
void pmem_for_each(void (*func)(struct domain *d, void *arg), void *arg);

#endif /* PMEM_PKS_INTERNAL_H */
