// SPDX-License-Identifier: GPL-2.0
/*
 * What the module needs of a kernel, and whether a kernel has it. The names are those of
 * the module's own table, names.h; all else that is said here of the module is made from
 * its sources by needs-table.sh.
 */
#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>

#include "../../drivers/pmem-pks/names.h"
#include "array.h"
#include "needs.h"
#include "needs-table.h"

#define COPY_LEN	(SYMTAB_NAME_LEN + 32)
#define NAMES_MAX	4

enum kind { SYMBOL, HOOK };
enum flag { NEEDED, THP, OPTIONAL };

struct need {
	enum kind kind;
	enum flag flag;
	const char *names[NAMES_MAX];	/* "name" or "module:name" */
};

#define NEED_DATA(flag, type, name)		{ SYMBOL, flag, { #name } },
#define NEED_CALL(flag, result, name, ...)	{ SYMBOL, flag, { #name } },
#define NEED_CODE(flag, name)			{ SYMBOL, flag, { #name } },
#define NEED_HOOK(flag, argument, tails, ...)	{ HOOK, flag, { __VA_ARGS__ } },

static const struct need needs[] = {
	NEEDS_LISTS
};

#define OPTION(needed, name, why)		{ name, sizeof(needed) > 1, why },

static const struct {
	const char *name;
	bool needed;			/* or it must not be set */
	const char *why;
} options[] = { NEEDS_OPTIONS };

static const char * const copies[] = { NEEDS_COPIES };

#define HOW_SYMBOL	"Take a kernel that the module was tested on, or port it: Documentation/porting.md."

/* The part of a name before ":" in @module. Return: what is behind it. */
static const char *module_of(const char *name, char module[64])
{
	const char *colon = strchr(name, ':');

	snprintf(module, 64, "%.*s", colon ? (int)(colon - name) : 0, name);
	return colon ? colon + 1 : name;
}

static bool is_file_of(const char *file, const char *module)
{
	for (; *module; file++, module++)
		if (*file != *module && !(*file == '-' && *module == '_'))
			return false;
	return !strcmp(file, ".ko") || !strcmp(file, ".ko.xz") || !strcmp(file, ".ko.gz") ||
		!strcmp(file, ".ko.zst");
}

/**
 * needs_find_module() - find a module's file
 * @directory: where a kernel's modules are
 * @module: its name
 *
 * Return: its path, to be freed, or NULL. One in updates/ goes first, as with depmod.
 */
char *needs_find_module(const char *directory, const char *module)
{
	char * const places[] = { (char *)directory, NULL };
	FTS *fts = fts_open(places, FTS_PHYSICAL | FTS_NOCHDIR | FTS_COMFOLLOW, NULL);
	char *found = NULL;
	FTSENT *entry;

	if (!fts)
		return NULL;
	while ((entry = fts_read(fts))) {
		if (entry->fts_info != FTS_F || !is_file_of(entry->fts_name, module))
			continue;
		if (found && !strstr(entry->fts_path, "/updates/"))
			continue;
		free(found);
		found = strdup(entry->fts_path);
	}
	fts_close(fts);
	return found;
}

/* The set that has a module's names, or NULL if it is not there. */
static struct symtab *symbols_of(struct needs_kernel *kernel, const char *module)
{
	struct bytes bytes;
	char *path;

	if (!*module || symtab_has_module(&kernel->symbols, module))
		return &kernel->symbols;
	if (strcmp(kernel->module, module)) {
		symtab_free(&kernel->module_symbols);
		snprintf(kernel->module, sizeof(kernel->module), "%s", module);
		path = kernel->modules ? needs_find_module(kernel->modules, module) : NULL;
		if (path && !bytes_of_file(path, &bytes)) {
			symtab_of_module(&kernel->module_symbols, module, &bytes);
			bytes_free(&bytes);
		}
		free(path);
	}
	return kernel->module_symbols.count ? &kernel->module_symbols : NULL;
}

/*
 * As the module does: the first name that is there, and for a hook then the first copy
 * that the compiler made of one. Return: it, perhaps in @copy, or NULL.
 */
static const char *find(const struct need *need, struct symtab *tab, char copy[COPY_LEN])
{
	size_t i, j;

	for (i = 0; i < NAMES_MAX && need->names[i]; i++)
		if (symtab_has(tab, need->names[i]))
			return need->names[i];
	for (i = 0; need->kind == HOOK && i < NAMES_MAX && need->names[i]; i++)
		for (j = 0; j < ARRAY_SIZE(copies); j++) {
			snprintf(copy, COPY_LEN, "%s%s", need->names[i], copies[j]);
			if (symtab_has(tab, copy))
				return copy;
		}
	return NULL;
}

static bool is_said_before(const struct need *need)
{
	const struct need *other;

	for (other = needs; other < need; other++)
		if (other->kind == need->kind && !strcmp(other->names[0], need->names[0]))
			return true;
	return false;
}

static void check_missing(struct needs_kernel *kernel, const struct need *need,
			  const char *part, const char *module, const struct listener *to)
{
	bool thp = symtab_has(&kernel->options, "TRANSPARENT_HUGEPAGE");

	if (need->flag == OPTIONAL || (need->flag == THP && kernel->options.count && !thp))
		finding_tell(to, FINDING_NOTE, part, need->names[0], NULL,
			     "not there, not needed");
	else if (*module)
		finding_tell(to, FINDING_NOTE, part, need->names[0], NULL,
			     "not there: what %s writes to pmem is let through", module);
	else if (need->flag == THP && !kernel->options.count)
		finding_tell(to, FINDING_UNKNOWN, part, need->names[0],
			     "Name the configuration: --config.",
			     "not there: needed with CONFIG_TRANSPARENT_HUGEPAGE");
	else
		finding_tell(to, FINDING_NO, part, need->names[0], HOW_SYMBOL,
			     need->names[1] ? "MISSING, and so is %s" : "MISSING",
			     need->names[1]);
}

static void check_need(struct needs_kernel *kernel, const struct need *need,
		       const struct listener *to)
{
	const char *part = need->kind == HOOK ? "hook" : "symbol", *found;
	char copy[COPY_LEN], module[64];
	struct symtab *tab;

	module_of(need->names[0], module);
	tab = symbols_of(kernel, module);
	if (!tab) {
		finding_tell(to, FINDING_NOTE, part, need->names[0], NULL,
			     "not looked for: no module %s", module);
		return;
	}
	found = find(need, tab, copy);
	if (!found)
		check_missing(kernel, need, part, module, to);
	else if (found == need->names[0])
		finding_tell(to, FINDING_YES, part, found, NULL, "found");
	else
		finding_tell(to, FINDING_YES, part, need->names[0], NULL, "found as %s",
			     module_of(found, module));
}

/* compat.h: what compat.mk finds in the headers, the kernel has as functions. */
static void check_dax_count(struct needs_kernel *kernel, const struct listener *to)
{
	static const char from_0[] = NEEDS_DAX_COUNT_FROM_0, from_1[] = NEEDS_DAX_COUNT_FROM_1;

	if (symtab_matches(&kernel->symbols, from_0))
		finding_tell(to, FINDING_NO, "symbol", from_0, "Take an older kernel.",
			     "THERE: DAX pages have the reference counts of 6.15 and later, which are not supported");
	else if (symtab_matches(&kernel->symbols, from_1))
		finding_tell(to, FINDING_YES, "symbol", from_1, NULL, "found");
	else
		finding_tell(to, FINDING_NO, "symbol", from_1, HOW_SYMBOL,
			     "MISSING: how this kernel counts references to DAX pages is not known");
}

/**
 * needs_check_symbols() - say of each symbol and hook whether a kernel has it
 * @kernel: the kernel
 * @to: who gets the findings
 */
void needs_check_symbols(struct needs_kernel *kernel, const struct listener *to)
{
	size_t i;

	check_dax_count(kernel, to);
	for (i = 0; i < ARRAY_SIZE(needs); i++)
		if (!is_said_before(&needs[i]))
			check_need(kernel, &needs[i], to);
}

/**
 * needs_check_options() - say of each option whether it is as the module needs it
 * @kernel: the kernel
 * @to: who gets the findings
 */
void needs_check_options(struct needs_kernel *kernel, const struct listener *to)
{
	char how[128];
	bool set;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		set = symtab_has(&kernel->options, options[i].name);
		if (set == options[i].needed) {
			finding_tell(to, FINDING_YES, "option", options[i].name, NULL,
				     set ? "set" : "not set");
			continue;
		}
		snprintf(how, sizeof(how), "Take another kernel, or build one with%s CONFIG_%s.",
			 set ? "out" : "", options[i].name);
		finding_tell(to, FINDING_NO, "option", options[i].name, how, "%s: %s",
			     set ? "SET" : "MISSING", options[i].why);
	}
}

/**
 * needs_each_hook() - go through the functions that the module would hook
 * @kernel: a kernel that runs, whose modules are in its symbols
 * @each: is called for each, with the name that the kernel has for it
 * @arg: the argument
 */
void needs_each_hook(struct needs_kernel *kernel, void (*each)(void *arg, const char *name),
		     void *arg)
{
	char copy[COPY_LEN];
	const char *found;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(needs); i++) {
		if (needs[i].kind != HOOK)
			continue;
		found = find(&needs[i], &kernel->symbols, copy);
		if (found)
			each(arg, found);
	}
}

/**
 * needs_symbols() - read the names that a kernel has
 * @kernel: where to
 * @map: its System.map, or a copy of /proc/kallsyms, or NULL
 * @image: else its vmlinux or vmlinuz
 *
 * Return: 0 or a negative error: see needs_error().
 */
int needs_symbols(struct needs_kernel *kernel, const char *map, const char *image)
{
	struct bytes bytes;
	int ret;

	ret = bytes_of_file(map ?: image, &bytes);
	if (ret)
		return ret;
	if (map)
		ret = symtab_of_map(&kernel->symbols, &bytes);
	else
		ret = symtab_of_image(&kernel->symbols, &bytes);
	bytes_free(&bytes);
	if (ret)
		symtab_free(&kernel->symbols);
	return ret;
}

/**
 * needs_options() - read the options that a kernel has
 * @kernel: where to
 * @config: its configuration
 *
 * Return: 0 or a negative error: see needs_error().
 */
int needs_options(struct needs_kernel *kernel, const char *config)
{
	struct bytes bytes;
	int ret;

	ret = bytes_of_file(config, &bytes);
	if (ret)
		return ret;
	ret = symtab_of_config(&kernel->options, &bytes);
	bytes_free(&bytes);
	if (ret)
		symtab_free(&kernel->options);
	return ret;
}

/**
 * needs_put() - free what was read
 * @kernel: the kernel
 */
void needs_put(struct needs_kernel *kernel)
{
	symtab_free(&kernel->symbols);
	symtab_free(&kernel->options);
	symtab_free(&kernel->module_symbols);
	*kernel->module = '\0';
}

/**
 * needs_error() - why a file does not say what it is to say
 * @error: a negative error
 */
const char *needs_error(int error)
{
	switch (error) {
	case -ENODATA:
		return "it has no table of symbols or options of a kind that is known";
	case -ENOEXEC:
		return "it is neither a vmlinux nor a vmlinuz";
	case -ENOPKG:
		return "the program is not there that unpacks it (xz, gzip, zstd, lz4 or bzip2)";
	case -EBADMSG:
		return "it can't be unpacked";
	default:
		return strerror(-error);
	}
}
