// SPDX-License-Identifier: GPL-2.0
/*
 * "ndctl-pks selftest": does protection work on this machine, now? The module tries it,
 * without a write to the namespace: see its file selftest.
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "confdir.h"
#include "json.h"
#include "module.h"
#include "select.h"
#include "text.h"

/* The exit status: of several namespaces it is the greatest but one, "no". */
#define SELFTEST_WORKS	0
#define SELFTEST_FAILED	1
#define SELFTEST_UNSURE	2	/* it could not be tried */

struct selftest {
	struct module_state state;
	struct selection sel;
	struct confdir files;
	struct json_object *results;	/* an array, an object a namespace */
	bool all;			/* not by name */
	bool seen;			/* a namespace has the name */
	int status;
};

static void note_status(struct selftest *test, int status)
{
	if (test->status != SELFTEST_FAILED && status)
		test->status = status;
}

/* What could not be tried. Return: 0, so that the next one is. */
static int not_tried(struct selftest *test, const char *name, const char *why, int status)
{
	warnx("%s: %s", text_of(name).s, why);
	note_status(test, status);
	return 0;
}

/*
 * The module's lines "<what>: <result>", as objects. @works: out: its last line, as another
 * self-test may have run since ours.
 */
static struct json_object *steps_of(char *said, bool *works)
{
	struct json_object *steps = json_object_new_array(), *step;
	char *line, *result;

	*works = false;
	while ((line = strsep(&said, "\n"))) {
		result = strstr(line, ": ");
		if (!result)
			continue;
		*result = '\0';
		if (!strcmp(line, "result")) {
			*works = !strcmp(result + 2, "works");
			continue;
		}
		step = json_object_new_object();
		json_object_object_add(step, "what", json_object_new_string(line));
		json_object_object_add(step, "result", json_object_new_string(result + 2));
		json_object_array_add(steps, step);
	}
	return steps;
}

static int add_result(struct selftest *test, const char *name, const char *device)
{
	char said[MODULE_VALUE_LEN];
	struct json_object *result, *steps;
	bool works;
	int ret;

	ret = module_read(device, "selftest", said);
	if (ret)
		return not_tried(test, name, strerror(-ret), SELFTEST_UNSURE);
	steps = steps_of(said, &works);
	result = json_object_new_object();
	json_object_object_add(result, "dev", json_object_new_string(name));
	json_object_object_add(result, "works", json_object_new_boolean(works));
	json_object_object_add(result, "steps", steps);
	json_object_array_add(test->results, result);
	note_status(test, works ? SELFTEST_WORKS : SELFTEST_FAILED);
	return 0;
}

/* Whether it is off, and the configuration has it so. */
static bool is_kept_off(const struct selftest *test, struct ndctl_namespace *ndns,
			const struct module_namespace *ns)
{
	uuid_t uuid = { };

	select_uuid(ndns, uuid);
	return !ns->protected && !conf_protects(&test->files.conf, uuid);
}

static int try_one(struct ndctl_namespace *ndns, void *arg)
{
	struct selftest *test = arg;
	const struct module_namespace *ns;
	const char *name = ndctl_namespace_get_devname(ndns);
	const char *device = module_device(ndns);
	int ret;

	if (test->all && (!ndctl_namespace_is_active(ndns) || module_is_ram(ndns)))
		return 0;
	test->seen = true;
	if (!ndctl_namespace_is_active(ndns))
		return not_tried(test, name, "it is disabled: the kernel has not mapped it",
				 SELFTEST_UNSURE);
	if (!module_is_mapped(ndns))
		return not_tried(test, name,
				 "its DAX device has no driver: the kernel has not mapped it",
				 SELFTEST_UNSURE);
	ns = module_find(&test->state, device);
	if (!ns)
		return not_tried(test, name, "the module does not know it", SELFTEST_FAILED);
	if (test->all && is_kept_off(test, ndns, ns))
		return not_tried(test, name, "it is off, as ndctl-pks config has it",
				 SELFTEST_WORKS);
	ret = module_write(device, "selftest", "1");
	switch (ret) {
	case 0:
	case -EIO:
		return add_result(test, name, device);
	case -EACCES:
	case -EPERM:
		return not_tried(test, name, "only root may try it", SELFTEST_UNSURE);
	case -EBUSY:
		return not_tried(test, name,
				 "a thread may still write it, as the kernel's log says",
				 SELFTEST_UNSURE);
	case -ENOENT:
	case -ENODEV:
		return not_tried(test, name,
				 "it went away meanwhile, or the module has no self-test",
				 SELFTEST_UNSURE);
	default:
		return not_tried(test, name, strerror(-ret), SELFTEST_UNSURE);
	}
}

static void try_named(struct selftest *test, struct ndctl_ctx *ctx, const char *name)
{
	test->all = !strcmp(name, "all");
	test->seen = false;
	test->sel.namespace = name;
	test->sel.idle = true;
	select_each(ctx, &test->sel, try_one, test);
	if (!test->seen && !test->all)
		not_tried(test, name, "no such namespace", SELFTEST_UNSURE);
}

static void print_result(struct json_object *result)
{
	struct json_object *steps, *works, *step;
	size_t i;

	json_object_object_get_ex(result, "works", &works);
	json_object_object_get_ex(result, "steps", &steps);
	printf("%s: %s\n", text_of(json_string(result, "dev")).s,
	       json_object_get_boolean(works) ? "protection works" :
						"PROTECTION DOES NOT WORK");
	for (i = 0; i < json_object_array_length(steps); i++) {
		step = json_object_array_get_idx(steps, i);
		printf("  %s: %s\n", text_of(json_string(step, "what")).s,
		       text_of(json_string(step, "result")).s);
	}
}

const struct option selftest_options[] = {
	SELECT_LONG,
	{ "json", no_argument, NULL, 'j' },
	{ }
};

/* Return: the exit status. */
static int try_all(struct selftest *test, struct ndctl_ctx *ctx, char **names, bool json)
{
	char every[] = "all", *all[] = { every, NULL };
	size_t i;

	if (module_get(&test->state))
		return SELFTEST_UNSURE;
	if (!test->state.loaded) {
		warnx("the module pmem_pks is not loaded");
		return SELFTEST_FAILED;
	}
	/* Of files with an error, which was said, nothing is taken */
	if (confdir_load(&test->files, confdir_system))
		confdir_free(&test->files);
	test->results = json_object_new_array();
	for (names = *names ? names : all; *names; names++)
		try_named(test, ctx, *names);
	if (json)
		json_print(stdout, test->results);
	for (i = 0; !json && i < json_object_array_length(test->results); i++)
		print_result(json_object_array_get_idx(test->results, i));
	if (!json && !test->status && !i)
		printf("There is no namespace to try.\n");
	json_object_put(test->results);
	confdir_free(&test->files);
	module_put(&test->state);
	return test->status;
}

/**
 * selftest_run() - the command
 * @ctx: libndctl's
 * @command: its row
 * @argc: how many arguments
 * @argv: they
 *
 * Return: the exit status.
 */
int selftest_run(struct ndctl_ctx *ctx, const struct command *command, int argc, char **argv)
{
	struct selftest test = { };
	bool json = false;
	int option;

	while ((option = getopt_long(argc, argv, SELECT_SHORT "j", command->options, NULL)) != -1) {
		if (option == 'j')
			json = true;
		else if (!select_option(&test.sel, option, optarg))
			return option_error(command, argv);
	}
	return try_all(&test, ctx, argv + optind, json);
}
