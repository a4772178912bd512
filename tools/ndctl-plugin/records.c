// SPDX-License-Identifier: GPL-2.0
/*
 * The records of stray accesses as they come: which of them have changed since they
 * were last looked at, and how to wait for the next. No timer is needed for that.
 *
 * The order of calls that misses none: records_arm(), records_each_new(),
 * records_wait(), and so on. What is counted after records_arm() ends the wait.
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "module.h"
#include "records.h"

/* At most so many other files are waited for */
#define OTHERS_MAX	4

/**
 * records_start() - begin to follow the records
 * @records: to be given to records_end() if 0 is returned
 *
 * Return: 0 or a negative error, which was said.
 */
int records_start(struct records *records)
{
	records->strays = -1;
	records->uevents = module_open_uevents();
	if (records->uevents < 0) {
		warnx("cannot listen to the kernel's uevents: %s", strerror(-records->uevents));
		return records->uevents;
	}
	records->seen = json_object_new_object();
	return 0;
}

static void close_strays(struct records *records)
{
	if (records->strays >= 0)
		close(records->strays);
	records->strays = -1;
}

/**
 * records_end() - undo records_start()
 * @records: it
 */
void records_end(struct records *records)
{
	close_strays(records);
	close(records->uevents);
	json_object_put(records->seen);
}

/**
 * records_arm() - from now on a stray access ends records_wait()
 * @records: it
 *
 * Return: 0, or -ENODEV if the module is not there, or is not the one that it was at
 * the last call. The next call may find another one.
 */
int records_arm(struct records *records)
{
	char count[32];

	if (records->strays < 0)
		records->strays = module_open_strays();
	if (records->strays >= 0 && pread(records->strays, count, sizeof(count), 0) >= 0)
		return 0;
	close_strays(records);
	return -ENODEV;
}

/*
 * Whether a record has changed since it was seen. What is remembered are those of the
 * last time only, as the module forgets them, too.
 */
static bool is_new(const struct records *records, struct json_object *record,
		   struct json_object *seen_now)
{
	const char *count = json_string(record, "count");
	struct json_object *before;
	bool new = true;
	char *kind;

	if (asprintf(&kind, "%s %s %s %s %s", json_string(record, "first"),
		     json_string(record, "namespace"), json_string(record, "access"),
		     json_string(record, "function"), json_string(record, "text")) < 0)
		return true;
	if (json_object_object_get_ex(records->seen, kind, &before))
		new = strcmp(json_object_get_string(before), count);
	json_object_object_add(seen_now, kind, json_object_new_string(count));
	free(kind);
	return new;
}

/**
 * records_each_new() - do something with each record that is new or has changed
 * @records: it
 * @each: what is done; the newest comes last
 * @arg: its argument
 *
 * Return: 0 or a negative error: see records_why_none().
 */
int records_each_new(struct records *records,
		     void (*each)(struct json_object *record, void *arg), void *arg)
{
	struct json_object *all, *record, *seen_now;
	size_t i;
	int ret;

	ret = module_records(&all);
	if (ret)
		return ret;
	seen_now = json_object_new_object();
	for (i = 0; i < json_object_array_length(all); i++) {
		record = json_object_array_get_idx(all, i);
		if (is_new(records, record, seen_now))
			each(record, arg);
	}
	json_object_put(all);
	json_object_put(records->seen);
	records->seen = seen_now;
	return 0;
}

/**
 * records_wait() - wait for a stray access, or for the module to come or go
 * @records: it
 * @others: what else is waited for
 * @count: how many these are
 *
 * Return: 0 when there is something to look at, 1 when poll() has something to say of
 * @others, or a negative error.
 */
int records_wait(const struct records *records, struct pollfd *others, size_t count)
{
	enum { STRAYS, UEVENTS, OTHERS };
	struct pollfd polled[OTHERS + OTHERS_MAX] = {
		[STRAYS] = { .fd = records->strays, .events = POLLPRI },
		[UEVENTS] = { .fd = records->uevents, .events = POLLIN },
	};
	bool other = false;
	size_t i;

	if (count > OTHERS_MAX)
		return -EINVAL;
	for (i = 0; i < count; i++)
		polled[OTHERS + i] = others[i];
	do {
		if (poll(polled, OTHERS + count, -1) < 0)
			return errno == EINTR ? 0 : -errno;
		for (i = 0; i < count; i++) {
			others[i].revents = polled[OTHERS + i].revents;
			other |= others[i].revents;
		}
		if (other)
			return 1;
	} while (!polled[STRAYS].revents && !module_take_uevents(polled[UEVENTS].fd));
	return 0;
}

/**
 * records_why_none() - say why there are no records
 * @error: what one of the calls above, or module_records(), returned
 *
 * Return: the error, which is -ENODEV if the module is not there.
 */
int records_why_none(int error)
{
	/* A module that goes, goes in steps, and the records go first */
	if (error == -ENOENT && (!module_is_loaded() || module_debugfs_is_mounted()))
		error = -ENODEV;
	switch (error) {
	case -EACCES:
	case -EPERM:
		warnx("only root may read the records of stray accesses");
		return error;
	case -ENODEV:
		warnx("the module pmem_pks is not loaded");
		return error;
	case -ENOENT:
		warnx("there are no records, as debugfs is not mounted");
		return error;
	default:
		warnx("cannot read the records: %s", strerror(-error));
		return error;
	}
}
