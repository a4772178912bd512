// SPDX-License-Identifier: GPL-2.0
/*
 * "ndctl-pks status": am I protected? The first line answers. A table and what is to be
 * looked at follow. The exit status is 0 if each namespace is protected, and else 1.
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "json.h"
#include "module.h"
#include "select.h"
#include "table.h"
#include "text.h"

#define STATUS_NOT_PROTECTED	1

/* So that it is one screen */
#define ROWS_MAX		16
#define LOOKS_MAX		16

struct status {
	struct module_state state;
	struct json_object *records;
	struct json_object *namespaces;	/* an array, as list has them */
	size_t all;
	size_t open;			/* that are not protected */
	size_t partly;			/* to which some stray writes are let through */
	FILE *look;			/* a line for each thing to look at */
	size_t looks;			/* how many, also those that are left out */
};

static const char *s(unsigned long long count)
{
	return count == 1 ? "" : "s";
}

__attribute__((format(printf, 2, 3)))
static void look(struct status *status, const char *format, ...)
{
	va_list args;

	if (++status->looks > LOOKS_MAX)
		return;
	va_start(args, format);
	fputs("  - ", status->look);
	vfprintf(status->look, format, args);
	fputc('\n', status->look);
	va_end(args);
}

static void look_at_strays(struct status *status, const struct module_namespace *ns)
{
	struct json_object *last = module_last(status->records, ns->device);

	if (!ns->stray_writes)
		return;
	if (!last)
		look(status, "%s: %llu stray write%s. See ndctl-pks log, as root.",
		     ns->device, ns->stray_writes, s(ns->stray_writes));
	else
		look(status,
		     "%s: %llu stray write%s. The last, at %s by %s, was %s. See ndctl-pks log.",
		     ns->device, ns->stray_writes, s(ns->stray_writes),
		     text_of(json_string(last, "time")).s,
		     text_of(json_string(last, "function")).s,
		     text_of(json_string(last, "outcome")).s);
}

static int look_at_namespace(struct ndctl_namespace *ndns, void *arg)
{
	struct status *status = arg;
	const char *name = ndctl_namespace_get_devname(ndns);
	const struct module_namespace *ns = module_find(&status->state, module_device(ndns));

	if (!ns && module_is_ram(ndns)) {
		look(status, "%s: the kernel uses it as RAM (system-ram). It is not protected.",
		     name);
		return 0;
	}
	json_object_array_add(status->namespaces,
			      json_namespace(ndns, &status->state, status->records, JSON_HUMAN));
	status->all++;
	if (!ns || !ns->protected)
		status->open++;
	else if (ns->aliases || !strcmp(module_effective_mode(&status->state, ns), "relaxed"))
		status->partly++;

	if (!ns) {
		if (status->state.loaded)
			look(status,
			     "%s: the module does not know it. The kernel's log says why.",
			     name);
		return 0;
	}
	if (!ns->protected)
		look(status,
		     "%s: its protection is off. To turn it on: ndctl-pks enable %s",
		     name, name);
	if (ns->aliases)
		look(status,
		     "%s: %llu further mapping%s of it has no key. A stray write through it is not seen.",
		     name, ns->aliases, s(ns->aliases));
	look_at_strays(status, ns);
	return 0;
}

/* The keys that several namespaces have: a line for each. */
static void look_at_keys(struct status *status)
{
	const struct module_namespace *ns, *other, *first = status->state.namespaces;
	const struct module_namespace *end = first + status->state.count;
	size_t count;

	for (ns = first; ns < end; ns++) {
		for (other = first; other < ns && other->key != ns->key; other++)
			;
		if (!ns->key_shared || other < ns)
			continue;
		for (count = 0; other < end; other++)
			count += other->key == ns->key;
		look(status,
		     "key %llu: %zu namespaces share it. While a thread may write one of them, it may write all.",
		     ns->key, count);
	}
}

/* Each line of a file that is best empty, if we may read it. */
static void look_at_lines(struct status *status, const char *file, const char *format)
{
	char value[MODULE_VALUE_LEN], *line, *rest = value;

	if (module_read(NULL, file, value))
		return;
	while ((line = strsep(&rest, "\n")))
		if (*line)
			look(status, "%s%s", text_of(line).s, format);
}

static void look_at_all(struct status *status)
{
	look_at_keys(status);
	if (status->state.fail_open)
		look(status,
		     "fail-open: %llu time%s a namespace lost its protection, or an interrupt ran unshielded. See the kernel's log.",
		     status->state.fail_open, s(status->state.fail_open));
	look_at_lines(status, "unknown_writers",
		      ": a function that the module does not know. It may write pmem in every mode. See the admin guide.");
	look_at_lines(status, "degraded",
		      ": the module does without its hook there (degrade=1).");
}

static void print_answer(const struct status *status)
{
	if (!status->all)
		printf("Protected: nothing. No namespace of persistent memory is enabled here.\n");
	else if (!status->state.loaded)
		printf("Protected: no. The module pmem_pks is not loaded.\n");
	else if (status->open)
		printf("Protected: no. %zu of %zu namespace%s can be written by stray writes.\n",
		       status->open, status->all, s(status->all));
	else if (status->partly)
		printf("Protected: in part. %zu of %zu namespace%s let stray writes through.\n",
		       status->partly, status->all, s(status->all));
	else
		printf("Protected: yes. Stray writes to %zu namespace%s are not performed.\n",
		       status->all, s(status->all));
}

const struct option status_options[] = { SELECT_LONG, { } };

/**
 * status_run() - the command
 * @ctx: libndctl's
 * @command: its row
 * @argc: how many arguments
 * @argv: they
 *
 * Return: the exit status.
 */
int status_run(struct ndctl_ctx *ctx, const struct command *command, int argc, char **argv)
{
	struct status status = { };
	struct selection sel = { };
	char *looks = NULL;
	size_t size;
	int ret;

	while ((ret = getopt_long(argc, argv, SELECT_SHORT, command->options, NULL)) != -1)
		if (!select_option(&sel, ret, optarg))
			return option_error(command, argv);
	if (optind < argc)
		return usage_error(command);
	ret = module_get(&status.state);
	if (ret)
		return status_of(ret);
	status.look = open_memstream(&looks, &size);
	if (!status.look) {
		module_put(&status.state);
		return status_of(-ENOMEM);
	}
	if (status.state.loaded)
		module_records(&status.records);
	status.namespaces = json_object_new_array();
	if (status.state.loaded)
		look_at_all(&status);
	select_each(ctx, &sel, look_at_namespace, &status);
	fclose(status.look);

	print_answer(&status);
	if (status.all > ROWS_MAX) {
		printf("\nFor a table of all: ndctl-pks list --table\n");
	} else if (status.all) {
		fputc('\n', stdout);
		table_print(stdout, status.namespaces);
	}
	if (status.looks)
		printf("\nTo look at:\n%s", looks);
	if (status.looks > LOOKS_MAX)
		printf("  - and %zu more\n", status.looks - LOOKS_MAX);
	if (status.state.loaded && !status.records)
		printf("\nRoot sees more: records of stray writes, unknown_writers, degraded.\n");
	free(looks);
	json_object_put(status.namespaces);
	json_object_put(status.records);
	module_put(&status.state);
	return status.open ? STATUS_NOT_PROTECTED : EXIT_SUCCESS;
}
