/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NDCTL_PKS_SINCE_H
#define NDCTL_PKS_SINCE_H

#include <stdbool.h>

/* A time as the records have it: "2026-11-22T00:42:40", UTC. "" is before all of them. */
struct since {
	char time[sizeof("2026-11-22T00:42:40")];
};

bool since_parse(struct since *since, const char *text);
bool since_has(const struct since *since, const char *time);

#endif
