/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NDCTL_PKS_RECORDS_H
#define NDCTL_PKS_RECORDS_H

#include <poll.h>
#include <stddef.h>

#include <json-c/json.h>

/* The records as they come. */
struct records {
	struct json_object *seen;	/* how often each record had been counted */
	int strays;			/* the module's count, or -1: it was not there */
	int uevents;
};

int records_start(struct records *records);
void records_end(struct records *records);
int records_arm(struct records *records);
int records_each_new(struct records *records,
		     void (*each)(struct json_object *record, void *arg), void *arg);
int records_wait(const struct records *records, struct pollfd *others, size_t count);
int records_why_none(int error);

#endif
