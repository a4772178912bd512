/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NDCTL_PKS_SELECT_H
#define NDCTL_PKS_SELECT_H

#include <getopt.h>
#include <stdbool.h>

#include <ndctl/libndctl.h>
#include <uuid/uuid.h>

/* What has claimed a namespace: at most one of them is not NULL. */
struct claim {
	struct ndctl_pfn *pfn;
	struct ndctl_btt *btt;
	struct ndctl_dax *dax;
};

/* Which ones are meant. What is NULL excludes nothing. */
struct selection {
	const char *bus;
	const char *region;
	const char *dimm;
	const char *namespace;
	const char *mode;
	bool idle;			/* those that are not enabled, too */
};

/* The options that each command has that takes a selection. */
#define SELECT_SHORT	"b:r:"
#define SELECT_LONG						\
	{ "bus", required_argument, NULL, 'b' },		\
	{ "region", required_argument, NULL, 'r' }

bool select_option(struct selection *sel, int option, const char *argument);
bool select_mode_is_known(const struct selection *sel);

bool select_bus(const struct selection *sel, struct ndctl_bus *bus);
bool select_dimm(const struct selection *sel, struct ndctl_dimm *dimm);
bool select_region(const struct selection *sel, struct ndctl_region *region);
bool select_namespace(const struct selection *sel, struct ndctl_namespace *ndns);
bool select_is_listed(const char *list, const char *name);
struct claim select_claim(struct ndctl_namespace *ndns);
bool select_claim_uuid(struct ndctl_namespace *ndns, const struct claim *claim, uuid_t uuid);
bool select_uuid(struct ndctl_namespace *ndns, uuid_t uuid);
bool select_is_named(const char *name, struct ndctl_namespace *ndns);

int select_each(struct ndctl_ctx *ctx, const struct selection *sel,
		int (*each)(struct ndctl_namespace *ndns, void *arg), void *arg);

#endif
