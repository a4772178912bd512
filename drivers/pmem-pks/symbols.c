// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel symbols that are not exported, found by name once, when the module is
 * loaded.
 *
 * symbols_init() writes the tables, except that pmem.c sets nvdimm_bus_type again.
 * Any context may read them.
 */
#include <linux/ctype.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/string.h>

#include "internal.h"

/* kallsyms_lookup_name() */
static unsigned long lookup_name;

struct symbols symbols;

#define SYMBOLS_NEEDED		false
#define SYMBOLS_OPTIONAL	true

#define SYMBOLS_ROW_DATA(flag, type, symbol)				\
	{ #symbol, SYMBOLS_##flag, (unsigned long *)&symbols.symbol },
#define SYMBOLS_ROW(flag, result, symbol, ...)				\
	{ #symbol, SYMBOLS_##flag, &symbols.symbol },
#define SYMBOLS_ROW_CODE(flag, symbol)					\
	{ #symbol, SYMBOLS_##flag, &symbols.symbol },

static const struct symbols_row {
	const char *name;
	bool optional;
	unsigned long *addr;
} rows[] = {
	NAMES_DATA(SYMBOLS_ROW_DATA)
	NAMES_CALLS(SYMBOLS_ROW, SYMBOLS_ROW, SYMBOLS_ROW, SYMBOLS_ROW)
	NAMES_ENTRY(SYMBOLS_ROW_CODE)
	NAMES_DAX_ACCESS(SYMBOLS_ROW_CODE)
};

#define SYMBOLS_FUNCTION(flag, symbol)					\
	{ .name = #symbol, .optional = SYMBOLS_##flag },

static struct symbols_code begins[] = { NAMES_BEGINS(SYMBOLS_FUNCTION) };
static struct symbols_code ends[] = { NAMES_ENDS(SYMBOLS_FUNCTION) };
static struct symbols_code warners[] = { NAMES_WARNERS(SYMBOLS_FUNCTION) };
static struct symbols_code dumpers[] = { NAMES_DUMPERS(SYMBOLS_FUNCTION) };
static struct symbols_code copies[] = { NAMES_COPIES(SYMBOLS_FUNCTION) };

static const struct {
	struct symbols_code *code;
	unsigned int nr;
} groups[] = {
	[SYMBOLS_BEGINS] = { begins, ARRAY_SIZE(begins) },
	[SYMBOLS_ENDS] = { ends, ARRAY_SIZE(ends) },
	[SYMBOLS_WARNERS] = { warners, ARRAY_SIZE(warners) },
	[SYMBOLS_DUMPERS] = { dumpers, ARRAY_SIZE(dumpers) },
	[SYMBOLS_COPIES] = { copies, ARRAY_SIZE(copies) },
};

static_assert(ARRAY_SIZE(groups) == SYMBOLS_GROUPS);

/**
 * symbols_find() - find the address of a kernel symbol, exported or not
 * @name: the symbol, a function or a variable: "name" or "module:name"
 *
 * Context: process context. Cost: on 6.1 and older, a look at each symbol.
 * Return: the address, or 0.
 */
unsigned long symbols_find(const char *name)
{
	return symbols_call(lookup_name, (unsigned long)name, 0, 0, 0);
}

/**
 * symbols_find_copy() - find the copy of a function that the compiler made
 * @name: the function
 * @copy: out: the name of the copy, if there is one
 * @size: size of @copy in bytes
 *
 * Context: process context.
 * Return: the copy's address, or 0.
 */
unsigned long symbols_find_copy(const char *name, char *copy, size_t size)
{
	static const char * const suffixes[] = {
		".isra.0", ".constprop.0", ".part.0", ".constprop.0.isra.0",
		".isra.0.constprop.0", ".part.0.isra.0", ".part.0.constprop.0",
	};
	unsigned long addr;
	int i;

	for (i = 0; i < ARRAY_SIZE(suffixes); i++) {
		if (snprintf(copy, size, "%s%s", name, suffixes[i]) >= size)
			continue;
		addr = symbols_find(copy);
		if (addr)
			return addr;
	}
	return 0;
}

/**
 * symbols_size() - find the size of a function in the kernel's symbol table
 * @addr: the function's first address
 * @module: out: the function's module, or ""; NULL, or of MODULE_NAME_LEN bytes
 *
 * Context: any.
 * Return: the number of bytes to the next symbol, or 0.
 */
unsigned long symbols_size(unsigned long addr, char *module)
{
	char text[KSYM_SYMBOL_LEN];
	unsigned long size;
	char *at;

	/* name+0x0/0x<size>, and [<module>] if there is one. */
	sprint_symbol(text, addr);
	at = strchr(text, '/');
	if (!at || sscanf(at, "/0x%lx", &size) != 1)
		return 0;
	if (module) {
		*module = '\0';
		at = strchr(at, '[');
		if (at) {
			at[strcspn(at, "]")] = '\0';
			strscpy(module, at + 1, MODULE_NAME_LEN);
		}
	}
	return size;
}

/**
 * symbols_name() - name an address for the log and for files
 * @addr: an address of code that may have been freed
 * @text: a buffer of KSYM_SYMBOL_LEN bytes
 *
 * Never prints the address itself. %pS would, where no symbol covers it: in a
 * kprobe's copy of an instruction, or in a module that is gone.
 *
 * Context: any.
 * Return: @text: "function+offset/size [module]", or "an unknown address".
 */
const char *symbols_name(unsigned long addr, char *text)
{
	sprint_symbol(text, addr);
	/* No symbol begins with a digit. */
	if (isdigit(*text))
		strscpy(text, "an unknown address", KSYM_SYMBOL_LEN);
	return text;
}

/**
 * symbols_is_in() - check whether an address is in a function of a group
 * @group: the group
 * @ip: the address
 *
 * Context: any.
 * Return: whether it is.
 */
bool symbols_is_in(enum symbols_group group, unsigned long ip)
{
	const struct symbols_code *code = groups[group].code;
	const struct symbols_code *end = code + groups[group].nr;

	for (; code < end; code++)
		if (ip - code->addr < code->size)
			return true;
	return false;
}

/* The names of missing symbols, as "a, b, c". */
static char missing[512] __initdata;

static void __init symbols_miss(const char *name)
{
	if (*missing)
		strlcat(missing, ", ", sizeof(missing));
	strlcat(missing, name, sizeof(missing));
}

static void __init symbols_find_group(struct symbols_code *code,
				      unsigned int nr)
{
	for (; nr; nr--, code++) {
		code->addr = symbols_find(code->name);
		if (code->addr)
			code->size = symbols_size(code->addr, NULL);
		/* Without a size no address is found to be in it. */
		if (!code->size && !code->optional)
			symbols_miss(code->name);
	}
}

/**
 * symbols_init() - fill the tables
 *
 * kallsyms_lookup_name() is not exported either: a kprobe finds its address.
 *
 * Context: process context, sleeps.
 * Return: 0; an error of register_kprobe(); -ENOENT, after one line in the log that
 * names all needed symbols that the kernel does not have.
 */
int __init symbols_init(void)
{
	struct kprobe kp = { .symbol_name = "kallsyms_lookup_name" };
	int ret = register_kprobe(&kp), i;

	if (ret) {
		pr_err("cannot find kallsyms_lookup_name (%d)\n", ret);
		return ret;
	}
	lookup_name = (unsigned long)kp.addr;
	unregister_kprobe(&kp);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		*rows[i].addr = symbols_find(rows[i].name);
		if (!*rows[i].addr && !rows[i].optional)
			symbols_miss(rows[i].name);
	}
	for (i = 0; i < SYMBOLS_GROUPS; i++)
		symbols_find_group(groups[i].code, groups[i].nr);
	if (!*missing)
		return 0;
	pr_err("this kernel has no %s\n", missing);
	return -ENOENT;
}
