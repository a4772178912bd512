// SPDX-License-Identifier: GPL-2.0
/*
 * Which names a kernel has: those of a System.map or of /proc/kallsyms, of a module's file,
 * and the options of a configuration. Those of a kernel's image are in image.c. A name is
 * only compared, never printed, as nobody vouches for the files.
 */
#include <errno.h>
#include <linux/elf.h>
#include <regex.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symtab.h"

/* Fewer are no kernel's */
#define NAMES_MIN	1000

/**
 * symtab_add() - add a name
 * @tab: the set
 * @module: the module that the name is of, or NULL
 * @name: its characters. A name that no symbol can have is left out.
 * @len: how many there are
 *
 * Return: 0 or -ENOMEM.
 */
int symtab_add(struct symtab *tab, const char *module, const void *name, size_t len)
{
	size_t more = len + (module ? strlen(module) + 1 : 0) + 1;
	char *text;

	if (!len || more > SYMTAB_NAME_LEN || memchr(name, '\0', len))
		return 0;
	if (tab->len + more > tab->room) {
		text = realloc(tab->text, 2 * tab->room + SYMTAB_NAME_LEN);
		if (!text)
			return -ENOMEM;
		tab->text = text;
		tab->room = 2 * tab->room + SYMTAB_NAME_LEN;
	}
	if (module)
		tab->len += sprintf(tab->text + tab->len, "%s:", module);
	memcpy(tab->text + tab->len, name, len);
	tab->len += len;
	tab->text[tab->len++] = '\0';
	tab->count++;
	free(tab->names);
	tab->names = NULL;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char * const *)a, *(char * const *)b);
}

static bool sort(struct symtab *tab)
{
	char *name = tab->text;
	size_t i;

	if (tab->names || !tab->count)
		return tab->count;
	tab->names = malloc(tab->count * sizeof(*tab->names));
	if (!tab->names)
		return false;
	for (i = 0; i < tab->count; i++) {
		tab->names[i] = name;
		name += strlen(name) + 1;
	}
	qsort(tab->names, tab->count, sizeof(*tab->names), by_name);
	return true;
}

/* Return: the first name that is not less, or NULL. */
static const char *first_from(struct symtab *tab, const char *name)
{
	size_t low = 0, high = tab->count, middle;

	if (!sort(tab))
		return NULL;
	while (low < high) {
		middle = low + (high - low) / 2;
		if (strcmp(tab->names[middle], name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < tab->count ? tab->names[low] : NULL;
}

/**
 * symtab_has() - whether a name is there
 * @tab: the set
 * @name: the name, or "module:name"
 */
bool symtab_has(struct symtab *tab, const char *name)
{
	const char *found = first_from(tab, name);

	return found && !strcmp(found, name);
}

/**
 * symtab_has_module() - whether there is a name of a module
 * @tab: the set
 * @module: the module
 */
bool symtab_has_module(struct symtab *tab, const char *module)
{
	char prefix[64];
	const char *found;
	int len;

	len = snprintf(prefix, sizeof(prefix), "%s:", module);
	if ((size_t)len >= sizeof(prefix))
		return false;
	found = first_from(tab, prefix);
	return found && !strncmp(found, prefix, len);
}

/**
 * symtab_matches() - whether a name matches, but for underscores before it
 * @tab: the set
 * @pattern: a basic regular expression
 */
bool symtab_matches(struct symtab *tab, const char *pattern)
{
	char whole[128], literal[128];
	bool found = false;
	regex_t regex;
	size_t i;

	snprintf(whole, sizeof(whole), "^_*%s$", pattern);
	snprintf(literal, sizeof(literal), "%.*s", (int)strcspn(pattern, "[.*\\"), pattern);
	if (!sort(tab) || regcomp(&regex, whole, REG_NOSUB))
		return false;
	/* Most names don't even have the part of it that is fixed */
	for (i = 0; i < tab->count && !found; i++)
		found = strstr(tab->names[i], literal) &&
			!regexec(&regex, tab->names[i], 0, NULL, 0);
	regfree(&regex);
	return found;
}

/**
 * symtab_free() - free it
 * @tab: the set; it is empty then
 */
void symtab_free(struct symtab *tab)
{
	free(tab->text);
	free(tab->names);
	memset(tab, 0, sizeof(*tab));
}

/* Return: the next word of a line, which begins there. */
static struct bytes next_word(struct bytes *line)
{
	struct bytes word;

	while (line->len && (*line->at == ' ' || *line->at == '\t')) {
		line->at++;
		line->len--;
	}
	word = *line;
	while (line->len && *line->at != ' ' && *line->at != '\t') {
		line->at++;
		line->len--;
	}
	word.len -= line->len;
	return word;
}

/* A line of a map: "<address> <type> <name>", and perhaps "[<module>]". */
static int add_row(struct symtab *tab, struct bytes line)
{
	struct bytes address = next_word(&line), type = next_word(&line);
	struct bytes name = next_word(&line), module = next_word(&line);
	char of[64];

	if (!address.len || address.len > 16 || type.len != 1)
		return 0;
	while (address.len)
		if (!strchr("0123456789abcdefABCDEF", address.at[--address.len]))
			return 0;
	if (module.len > 2 && module.len < sizeof(of) && *module.at == '[') {
		snprintf(of, sizeof(of), "%.*s", (int)module.len - 2, module.at + 1);
		if (symtab_add(tab, of, name.at, name.len))
			return -ENOMEM;
	}
	return symtab_add(tab, NULL, name.at, name.len);
}

/**
 * symtab_of_map() - add the names of a System.map or of /proc/kallsyms
 * @tab: the set
 * @bytes: the file
 *
 * Return: 0; -ENODATA if it is no table of a kernel's symbols; or -ENOMEM.
 */
int symtab_of_map(struct symtab *tab, const struct bytes *bytes)
{
	struct bytes line;
	size_t at = 0;

	while (bytes_line(bytes, &at, &line))
		if (add_row(tab, line))
			return -ENOMEM;
	return tab->count < NAMES_MIN ? -ENODATA : 0;
}

/**
 * symtab_of_config() - add the options that a kernel's configuration sets
 * @tab: the set
 * @bytes: the file
 *
 * Return: 0; -ENODATA if it is no configuration; or -ENOMEM.
 */
int symtab_of_config(struct symtab *tab, const struct bytes *bytes)
{
	static const char prefix[] = "CONFIG_";
	const size_t skip = sizeof(prefix) - 1;
	struct bytes line;
	size_t at = 0;

	while (bytes_line(bytes, &at, &line)) {
		if (line.len < skip + 3 || memcmp(line.at, prefix, skip) ||
		    line.at[line.len - 2] != '=' || !strchr("ym", line.at[line.len - 1]))
			continue;
		if (symtab_add(tab, NULL, line.at + skip, line.len - skip - 2))
			return -ENOMEM;
	}
	/* The smallest one that there is has more */
	return tab->count < 50 ? -ENODATA : 0;
}

/* A section of an ELF file, as a part of it; empty if it is not within the file. */
static struct bytes section(const struct bytes *bytes, const struct elf64_shdr *header)
{
	struct bytes part = { };

	if (header->sh_offset <= bytes->len && header->sh_size <= bytes->len - header->sh_offset) {
		part.at = bytes->at + header->sh_offset;
		part.len = header->sh_size;
	}
	return part;
}

static int add_symbols(struct symtab *tab, const char *module, struct bytes symbols,
		       struct bytes names)
{
	const unsigned char *name, *end;
	struct elf64_sym symbol;

	for (; symbols.len >= sizeof(symbol); symbols.len -= sizeof(symbol)) {
		memcpy(&symbol, symbols.at, sizeof(symbol));
		symbols.at += sizeof(symbol);
		if (symbol.st_shndx == SHN_UNDEF || symbol.st_name >= names.len)
			continue;
		name = names.at + symbol.st_name;
		end = memchr(name, '\0', names.len - symbol.st_name);
		if (end && symtab_add(tab, module, name, end - name))
			return -ENOMEM;
	}
	return 0;
}

/**
 * symtab_of_module() - add the names of a module's file, as "module:name"
 * @tab: the set
 * @module: the module's name
 * @bytes: the file
 *
 * Return: 0; -ENODATA if it has no symbols; or -ENOMEM.
 */
int symtab_of_module(struct symtab *tab, const char *module, const struct bytes *bytes)
{
	struct elf64_shdr *headers, *header;
	struct bytes rows, names;
	size_t count, i;
	struct elf64_hdr elf;
	int ret = -ENODATA;

	if (bytes->len < sizeof(elf) || memcmp(bytes->at, ELFMAG, SELFMAG))
		return -ENODATA;
	memcpy(&elf, bytes->at, sizeof(elf));
	count = elf.e_shnum;
	if (elf.e_ident[EI_CLASS] != ELFCLASS64 || elf.e_shentsize != sizeof(*headers) ||
	    elf.e_shoff > bytes->len || count > (bytes->len - elf.e_shoff) / sizeof(*headers))
		return -ENODATA;
	/* It need not be aligned in the file */
	headers = malloc(count * sizeof(*headers) + 1);
	if (!headers)
		return -ENOMEM;
	memcpy(headers, bytes->at + elf.e_shoff, count * sizeof(*headers));
	for (i = 0; i < count && ret == -ENODATA; i++) {
		header = &headers[i];
		if (header->sh_type != SHT_SYMTAB || header->sh_link >= count)
			continue;
		rows = section(bytes, header);
		names = section(bytes, &headers[header->sh_link]);
		ret = add_symbols(tab, module, rows, names);
	}
	free(headers);
	return ret;
}
