/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NDCTL_PKS_NEEDS_H
#define NDCTL_PKS_NEEDS_H

#include "finding.h"
#include "symtab.h"

/* A kernel that is looked at. */
struct needs_kernel {
	struct symtab symbols;
	struct symtab options;
	const char *modules;		/* the directory with its modules, or NULL */
	/* Of the module that was looked into last */
	struct symtab module_symbols;
	char module[64];
};

int needs_symbols(struct needs_kernel *kernel, const char *map, const char *image);
int needs_options(struct needs_kernel *kernel, const char *config);
void needs_check_options(struct needs_kernel *kernel, const struct listener *to);
void needs_check_symbols(struct needs_kernel *kernel, const struct listener *to);
void needs_each_hook(struct needs_kernel *kernel, void (*each)(void *arg, const char *name),
		     void *arg);
void needs_put(struct needs_kernel *kernel);

char *needs_find_module(const char *directory, const char *module);
const char *needs_error(int error);

#endif
