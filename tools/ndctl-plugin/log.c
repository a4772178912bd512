// SPDX-License-Identifier: GPL-2.0
/*
 * "ndctl-pks log": the records of stray accesses, the newest last.
 *
 * The module keeps one record for each instruction and namespace, which tells of the
 * last access of its kind and counts them all. With --follow, a record is printed again
 * when it has changed. A record of a kind that is not known here is printed as it is.
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "files.h"
#include "json.h"
#include "module.h"
#include "records.h"
#include "select.h"
#include "since.h"
#include "text.h"

struct log {
	bool json;
	bool follow;
	bool files;
	const char *name;		/* of the namespace that is meant, or NULL */
	const char *device;		/* the module's name of it */
	struct since since;
};

static bool is_meant(const struct log *log, struct json_object *record)
{
	const char *namespace = json_string(record, "namespace");

	if (log->name && strcmp(namespace, log->name) &&
	    (!log->device || strcmp(namespace, log->device)))
		return false;
	return since_has(&log->since, json_string(record, "time"));
}

static void print_stack(struct json_object *record)
{
	struct json_object *stack, *function;
	size_t i;

	if (!json_object_object_get_ex(record, "stack", &stack) ||
	    !json_object_is_type(stack, json_type_array))
		return;
	for (i = 0; i < json_object_array_length(stack); i++) {
		function = json_object_array_get_idx(stack, i);
		printf("    %s\n", text_of(json_object_get_string(function) ?: "").s);
	}
}

static struct text member(struct json_object *record, const char *name)
{
	return text_of(json_string(record, name));
}

static void print_human(struct json_object *record)
{
	const char *access = json_string(record, "access");
	bool read = !strcmp(access, "read");

	if (!read && strcmp(access, "write")) {
		json_print_line(stdout, record);
		return;
	}
	printf("%s stray %s %s+0x%llx by %s, task %s:%s, CPU %s, %s\n",
	       member(record, "time").s, read ? "read of" : "write to",
	       member(record, "namespace").s,
	       strtoull(json_string(record, "offset"), NULL, 10),
	       member(record, "function").s, member(record, "comm").s,
	       member(record, "pid").s, member(record, "cpu").s,
	       member(record, "outcome").s);
	printf("  context %s, mode %s, width %s, bytes %s", member(record, "context").s,
	       member(record, "mode").s, member(record, "width").s,
	       member(record, "bytes").s);
	if (*json_string(record, "page_index"))
		printf(", page %s of its file", member(record, "page_index").s);
	if (*json_string(record, "data"))
		printf(", data %s", member(record, "data").s);
	if (*json_string(record, "no_shield_from"))
		printf(", no shield from %s", member(record, "no_shield_from").s);
	printf("\n  %s times since %s\n", member(record, "count").s,
	       member(record, "first").s);
	files_print(stdout, record);
	print_stack(record);
}

static struct json_object *meant_of(const struct log *log, struct json_object *records)
{
	struct json_object *array = json_object_new_array(), *record;
	size_t i;

	for (i = 0; i < json_object_array_length(records); i++) {
		record = json_object_array_get_idx(records, i);
		if (is_meant(log, record))
			json_object_array_add(array, json_object_get(record));
	}
	return array;
}

static void print_one(struct json_object *record, void *arg)
{
	const struct log *log = arg;

	if (!is_meant(log, record))
		return;
	if (log->json)
		json_print_line(stdout, record);
	else
		print_human(record);
}

/* Return: 0 or a negative error, which was said. */
static int print_all(struct ndctl_ctx *ctx, struct log *log)
{
	struct json_object *records, *meant;
	size_t i;
	int ret;

	ret = module_records(&records);
	if (ret)
		return records_why_none(ret);
	meant = meant_of(log, records);
	if (log->files)
		files_add(ctx, meant);
	if (log->json)
		json_print(stdout, meant);
	else
		for (i = 0; i < json_object_array_length(meant); i++)
			print_one(json_object_array_get_idx(meant, i), log);
	json_object_put(meant);
	json_object_put(records);
	return 0;
}

/* Print what is new, for ever, or until the module or our reader goes. */
static int follow(struct log *log)
{
	struct pollfd reader = { .fd = STDOUT_FILENO };
	struct records records;
	int ret;

	ret = records_start(&records);
	if (ret)
		return ret;
	while (!ret) {
		ret = records_arm(&records);
		if (!ret)
			ret = records_each_new(&records, print_one, log);
		if (ret)
			ret = records_why_none(ret);
		else if (fflush(stdout))
			ret = -errno;
		else
			ret = records_wait(&records, &reader, 1);
	}
	records_end(&records);
	/* Our reader has gone */
	return ret > 0 ? 0 : ret;
}

static int find_device(struct ndctl_namespace *ndns, void *arg)
{
	struct log *log = arg;

	log->device = module_device(ndns);
	return 1;
}

const struct option log_options[] = {
	{ "namespace", required_argument, NULL, 'n' },
	{ "since", required_argument, NULL, 's' },
	{ "json", no_argument, NULL, 'j' },
	{ "follow", no_argument, NULL, 'f' },
	{ "files", no_argument, NULL, 'F' },
	{ }
};

/**
 * log_run() - the command
 * @ctx: libndctl's
 * @command: its row
 * @argc: how many arguments
 * @argv: they
 *
 * Return: the exit status.
 */
int log_run(struct ndctl_ctx *ctx, const struct command *command, int argc, char **argv)
{
	struct selection sel = { };
	struct log log = { };
	int ret;

	while ((ret = getopt_long(argc, argv, "n:s:jf", command->options, NULL)) != -1) {
		switch (ret) {
		case 'n':
			log.name = optarg;
			break;
		case 's':
			if (!since_parse(&log.since, optarg))
				return status_of(-EINVAL);
			break;
		case 'j':
			log.json = true;
			break;
		case 'f':
			log.follow = true;
			break;
		case 'F':
			log.files = true;
			break;
		default:
			return option_error(command, argv);
		}
	}
	if (optind < argc)
		return usage_error(command);
	if (log.files && log.follow) {
		warnx("--files goes through all files, so it does not go with --follow");
		return STATUS_USAGE;
	}
	if (log.name && strcmp(log.name, "all")) {
		/* Records may be of a namespace that is no more, too */
		sel.namespace = log.name;
		sel.idle = true;
		select_each(ctx, &sel, find_device, &log);
	} else {
		log.name = NULL;
	}
	return status_of(log.follow ? follow(&log) : print_all(ctx, &log));
}
