/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kernel symbols that are not exported: names.h as a typed table.
 */
#ifndef PMEM_PKS_SYMBOLS_H
#define PMEM_PKS_SYMBOLS_H

#include <linux/device/bus.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "names.h"

struct bpf_link;
struct ftrace_ops;
struct ftrace_ret_stack;
struct insn;
struct module;
struct pt_regs;
struct task_struct;
struct vm_struct;

#define SYMBOLS_MEMBER_DATA(flag, type, name)	type *name;
#define SYMBOLS_MEMBER(flag, result, name, ...)	unsigned long name;
#define SYMBOLS_MEMBER_CODE(flag, name)		unsigned long name;

/*
 * Set by symbols_init(). NULL or 0: the kernel does not have this optional symbol.
 */
struct symbols {
	NAMES_DATA(SYMBOLS_MEMBER_DATA)
	NAMES_CALLS(SYMBOLS_MEMBER, SYMBOLS_MEMBER, SYMBOLS_MEMBER,
		    SYMBOLS_MEMBER)
	NAMES_ENTRY(SYMBOLS_MEMBER_CODE)
	NAMES_DAX_ACCESS(SYMBOLS_MEMBER_CODE)
};

extern struct symbols symbols;

unsigned long symbols_call(unsigned long func, unsigned long arg0,
			   unsigned long arg1, unsigned long arg2,
			   unsigned long arg3);

/*
 * kernel_<name>() calls the function of that name. It returns 0 if the kernel has no
 * such function. If the function returns void, the result is meaningless.
 */
#define SYMBOLS_RESULT(result, name, a, b, c, d)			\
	(symbols.name ?							\
	 (result)symbols_call(symbols.name, (unsigned long)(a),		\
			      (unsigned long)(b), (unsigned long)(c),	\
			      (unsigned long)(d)) :			\
	 (result)0)
#define SYMBOLS_CALL1(flag, result, name, type0)			\
static inline result kernel_##name(type0 a)				\
{									\
	return SYMBOLS_RESULT(result, name, a, 0, 0, 0);		\
}

#define SYMBOLS_CALL2(flag, result, name, type0, type1)			\
static inline result kernel_##name(type0 a, type1 b)			\
{									\
	return SYMBOLS_RESULT(result, name, a, b, 0, 0);		\
}

#define SYMBOLS_CALL3(flag, result, name, type0, type1, type2)		\
static inline result kernel_##name(type0 a, type1 b, type2 c)		\
{									\
	return SYMBOLS_RESULT(result, name, a, b, c, 0);		\
}

#define SYMBOLS_CALL4(flag, result, name, type0, type1, type2, type3)	\
static inline result kernel_##name(type0 a, type1 b, type2 c, type3 d)	\
{									\
	return SYMBOLS_RESULT(result, name, a, b, c, d);		\
}

NAMES_CALLS(SYMBOLS_CALL1, SYMBOLS_CALL2, SYMBOLS_CALL3, SYMBOLS_CALL4)

/* A function of the kernel; size is 0 if the kernel does not have it. */
struct symbols_code {
	const char *name;
	bool optional;
	unsigned long addr;
	unsigned long size;
};

/* Groups of functions: see names.h. */
enum symbols_group {
	SYMBOLS_BEGINS,
	SYMBOLS_ENDS,
	SYMBOLS_WARNERS,
	SYMBOLS_DUMPERS,
	SYMBOLS_COPIES,
	SYMBOLS_GROUPS
};

int symbols_init(void);
unsigned long symbols_find(const char *name);
unsigned long symbols_find_copy(const char *name, char *copy, size_t size);
unsigned long symbols_size(unsigned long addr, char *module);
const char *symbols_name(unsigned long addr, char *text);
bool symbols_is_in(enum symbols_group group, unsigned long ip);

#endif /* PMEM_PKS_SYMBOLS_H */
