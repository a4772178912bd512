/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NDCTL_PKS_CONFDIR_H
#define NDCTL_PKS_CONFDIR_H

#include "conf.h"

/* The one that we write; the others are the administrator's. */
#define CONFDIR_OURS	"50-ndctl-pks.conf"

/* Those of the system, the later one of which wins; NULL is behind them. */
extern const char * const confdir_system[];

struct confdir {
	struct conf conf;
	char **paths;			/* of all files that were read */
	size_t count;
};

/* One command at a time changes the files. */
struct confdir_lock {
	int directory, file;
};

int confdir_lock(struct confdir_lock *lock, const char *directory);
void confdir_unlock(const struct confdir_lock *lock);
int confdir_load(struct confdir *confdir, const char * const *directories);
void confdir_free(struct confdir *confdir);
int confdir_change(const struct confdir_lock *lock, const char *directory,
		   const uuid_t uuid, enum conf_key key, const char *value);

#endif
