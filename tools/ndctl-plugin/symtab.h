/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NDCTL_PKS_SYMTAB_H
#define NDCTL_PKS_SYMTAB_H

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"

/* No symbol of the kernel has a longer name */
#define SYMTAB_NAME_LEN		512

/* A set of names. A name of a module that is loaded is in it twice: as "module:name", too. */
struct symtab {
	char *text;			/* the names, one behind the other */
	size_t len;
	size_t room;
	char **names;			/* in order, if not NULL */
	size_t count;
};

int symtab_add(struct symtab *tab, const char *module, const void *name, size_t len);
bool symtab_has(struct symtab *tab, const char *name);
bool symtab_has_module(struct symtab *tab, const char *module);
bool symtab_matches(struct symtab *tab, const char *pattern);
void symtab_free(struct symtab *tab);

int symtab_of_map(struct symtab *tab, const struct bytes *bytes);
int symtab_of_config(struct symtab *tab, const struct bytes *bytes);
int symtab_of_module(struct symtab *tab, const char *module, const struct bytes *bytes);
int symtab_of_image(struct symtab *tab, struct bytes *bytes);

#endif
