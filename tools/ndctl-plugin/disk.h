/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NDCTL_PKS_DISK_H
#define NDCTL_PKS_DISK_H

#include <limits.h>
#include <sys/types.h>

#include <ndctl/libndctl.h>

/* A byte of a block device */
struct disk_place {
	char name[NAME_MAX + 1];	/* "" if there is none */
	dev_t dev;
	unsigned long long offset;
};

const char *disk_find(struct ndctl_namespace *ndns, unsigned long long offset,
		      struct disk_place *place);

#endif
