// SPDX-License-Identifier: GPL-2.0
/*
 * "ndctl-pks enable", "disable" and "set-mode": change how namespaces are protected.
 *
 * Each namespace that is named is tried, whatever became of those before it. Those that
 * were changed are printed as JSON, as they are then; each that could not be is a line
 * on standard error. The exit status is that of the first error.
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "json.h"
#include "module.h"
#include "select.h"
#include "text.h"

struct change {
	const char *done;		/* what was done, when it is */
	const char *file;
	const char *value;
	struct selection sel;
	struct module_state state;	/* before the change */
	struct ndctl_namespace **changed;
	size_t count;
	bool all;			/* not by name */
	bool seen;			/* a namespace has the name */
	int first_error;
};

/* Return: @error, if the next namespace would have it, too; or else 0. */
static int failed(struct change *change, const char *name, int error, const char *why)
{
	warnx("%s: %s", text_of(name).s, why);
	if (!change->first_error)
		change->first_error = error;
	return error == -EACCES || error == -EPERM || error == -EINVAL ? error : 0;
}

/* What an error of a write to one of the module's files means. */
static const char *why_refused(const struct change *change, int error)
{
	switch (error) {
	case -EACCES:
	case -EPERM:
		return "only root may change it";
	case -ENOENT:
	case -ENODEV:
		return "it went away meanwhile";
	case -EBUSY:
		if (!strcmp(change->file, "protect"))
			return "refused, as the kernel's log says: a thread may still write it";
		return "there are unknown_writers; --force sets the mode all the same";
	case -EINVAL:
		return "no such mode: there are relaxed, contain, strict, panic, inherit";
	default:
		return strerror(-error);
	}
}

static bool was_changed(const struct change *change, const struct ndctl_namespace *ndns)
{
	size_t i;

	for (i = 0; i < change->count; i++)
		if (change->changed[i] == ndns)
			return true;
	return false;
}

static int change_one(struct ndctl_namespace *ndns, void *arg)
{
	struct change *change = arg;
	const char *name = ndctl_namespace_get_devname(ndns);
	const char *device = module_device(ndns);
	struct ndctl_namespace **more;
	int ret;

	if (change->all && (!ndctl_namespace_is_active(ndns) || module_is_ram(ndns)))
		return 0;
	change->seen = true;
	if (was_changed(change, ndns))
		return 0;
	if (!ndctl_namespace_is_active(ndns))
		return failed(change, name, -ENXIO, "it is disabled: the kernel has not mapped it");
	if (!module_find(&change->state, device))
		return failed(change, name, -ENXIO, "the module does not know it");
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): it is an array of pointers */
	more = reallocarray(change->changed, change->count + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	change->changed = more;
	ret = module_write(device, change->file, change->value);
	if (ret)
		return failed(change, name, ret, why_refused(change, ret));
	more[change->count++] = ndns;
	return 0;
}

static void change_named(struct change *change, struct ndctl_ctx *ctx, const char *name)
{
	change->all = !strcmp(name, "all");
	change->seen = false;
	change->sel.namespace = name;
	change->sel.idle = true;
	select_each(ctx, &change->sel, change_one, change);
	if (!change->seen && !change->all)
		failed(change, name, -ENXIO, "no such namespace");
}

static int print_changed(const struct change *change)
{
	struct json_object *array;
	struct module_state state;
	size_t i;
	int ret;

	if (!change->count)
		return 0;
	ret = module_get(&state);
	if (ret)
		return ret;
	array = json_object_new_array();
	for (i = 0; i < change->count; i++)
		json_object_array_add(array,
				      json_namespace(change->changed[i], &state, NULL, 0));
	json_print(stdout, array);
	json_object_put(array);
	module_put(&state);
	return 0;
}

/* Return: the exit status. */
static int change_all(struct change *change, struct ndctl_ctx *ctx, char **names)
{
	int ret;

	ret = module_get(&change->state);
	if (ret)
		return status_of(ret);
	if (!change->state.loaded) {
		warnx("the module pmem_pks is not loaded");
		return status_of(-ENODEV);
	}
	for (; *names; names++)
		change_named(change, ctx, *names);
	ret = print_changed(change);
	fprintf(stderr, "%s %zu namespace%s\n", change->done, change->count,
		change->count == 1 ? "" : "s");
	free(change->changed);
	module_put(&change->state);
	return status_of(change->first_error ?: ret);
}

const struct option switch_options[] = { SELECT_LONG, { } };

const struct option set_mode_options[] = {
	SELECT_LONG,
	{ "force", no_argument, NULL, 'f' },
	{ }
};

/*
 * @force: where to note --force; NULL where there is no such option
 * Return: false if there is an option that is none. optind is the first argument.
 */
static bool parse(const struct command *command, struct selection *sel, bool *force,
		  int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, force ? SELECT_SHORT "f" : SELECT_SHORT,
				     command->options, NULL)) != -1) {
		if (option == 'f')
			*force = true;
		else if (!select_option(sel, option, optarg))
			return false;
	}
	return true;
}

static int protect(struct ndctl_ctx *ctx, const struct command *command, int argc,
		   char **argv, const char *done, const char *value)
{
	struct change change = { .done = done, .file = "protect", .value = value };

	if (!parse(command, &change.sel, NULL, argc, argv))
		return option_error(command, argv);
	if (optind == argc) {
		warnx("specify a namespace to %s, or \"all\"", command->name);
		return usage_error(command);
	}
	return change_all(&change, ctx, argv + optind);
}

/**
 * enable_run() - the command "enable"
 * @ctx: libndctl's
 * @command: its row
 * @argc: how many arguments
 * @argv: they
 *
 * Return: the exit status.
 */
int enable_run(struct ndctl_ctx *ctx, const struct command *command, int argc, char **argv)
{
	return protect(ctx, command, argc, argv, "enabled", "1");
}

/**
 * disable_run() - the command "disable"
 * @ctx: libndctl's
 * @command: its row
 * @argc: how many arguments
 * @argv: they
 *
 * Return: the exit status.
 */
int disable_run(struct ndctl_ctx *ctx, const struct command *command, int argc, char **argv)
{
	return protect(ctx, command, argc, argv, "disabled", "0");
}

/**
 * set_mode_run() - the command "set-mode"
 * @ctx: libndctl's
 * @command: its row
 * @argc: how many arguments
 * @argv: they
 *
 * Return: the exit status.
 */
int set_mode_run(struct ndctl_ctx *ctx, const struct command *command, int argc, char **argv)
{
	struct change change = { .done = "set the mode of", .file = "fault_mode" };
	bool force = false;
	char *value;
	int status;

	if (!parse(command, &change.sel, &force, argc, argv))
		return option_error(command, argv);
	if (argc - optind < 2) {
		warnx("specify a mode, and a namespace or \"all\"");
		return usage_error(command);
	}
	/* The module takes a mode with a "!" in spite of unknown writers */
	if (asprintf(&value, "%s%s", argv[optind], force ? "!" : "") < 0)
		return status_of(-ENOMEM);
	change.value = value;
	status = change_all(&change, ctx, argv + optind + 1);
	free(value);
	return status;
}
