/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NDCTL_PKS_SINK_H
#define NDCTL_PKS_SINK_H

#include <stdbool.h>

#include <json-c/json.h>

/* Where events go. */
struct sink {
	const char *where;		/* "syslog", "standard" or a file's name */
	bool human;			/* several lines an event, but for syslog */
	int fd;				/* -1: syslog */
	bool failing;			/* that was told */
	bool torn;			/* a part of the last line was written */
};

int sink_open(struct sink *sink);
void sink_reopen(struct sink *sink);
void sink_close(struct sink *sink);
void sink_put(struct sink *sink, struct json_object *event);

#endif
