// SPDX-License-Identifier: GPL-2.0
/*
 * "ndctl-pks list": what "ndctl list" prints, with a member "pks" in each namespace.
 *
 * What is found goes into the innermost object that is listed and has it: a namespace
 * into its region, or else its bus, or else to the top; so does ndctl.
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "json.h"
#include "module.h"
#include "select.h"
#include "table.h"
#include "text.h"

enum form { FORM_NDCTL, FORM_ARRAY, FORM_LINES, FORM_TABLE };

struct listing {
	struct selection sel;
	bool buses;
	bool dimms;
	bool regions;
	bool namespaces;
	enum form form;
	int flags;
	struct module_state state;
	struct json_object *records;
};

/* With -X alone, those in mode devdax. */
static bool lists_namespaces(const struct listing *list)
{
	return list->namespaces || list->flags & JSON_DAX;
}

/* Add to the array that an object has under a name; make it if need be. */
static void add_to(struct json_object *object, const char *name, struct json_object *what)
{
	struct json_object *array;

	if (!json_object_object_get_ex(object, name, &array)) {
		array = json_object_new_array();
		json_object_object_add(object, name, array);
	}
	json_object_array_add(array, what);
}

static void list_namespaces(const struct listing *list, struct ndctl_region *region,
			    struct json_object *into)
{
	struct ndctl_namespace *ndns;

	ndctl_namespace_foreach(region, ndns)
		if (select_namespace(&list->sel, ndns) &&
		    (list->namespaces || ndctl_namespace_get_dax(ndns)))
			add_to(into, "namespaces",
			       json_namespace(ndns, &list->state, list->records, list->flags));
}

static void list_regions(const struct listing *list, struct ndctl_bus *bus,
			 struct json_object *into)
{
	int flags = list->flags | (list->dimms ? JSON_MAPPINGS : 0);
	struct json_object *object;
	struct ndctl_region *region;

	ndctl_region_foreach(bus, region) {
		if (!select_region(&list->sel, region))
			continue;
		object = into;
		if (list->regions) {
			if (!list->sel.idle && !ndctl_region_is_enabled(region))
				continue;
			object = json_region(region, flags);
			add_to(into, "regions", object);
		}
		if (lists_namespaces(list))
			list_namespaces(list, region, object);
	}
}

static struct json_object *list_all(const struct listing *list, struct ndctl_ctx *ctx)
{
	struct json_object *top = json_object_new_object(), *into = top, *dimms;
	struct ndctl_dimm *dimm;
	struct ndctl_bus *bus;

	/* The first, though those of the second bus are found after the first's regions */
	json_object_object_add(top, "dimms", json_object_new_array());

	ndctl_bus_foreach(ctx, bus) {
		if (!select_bus(&list->sel, bus))
			continue;
		if (list->buses) {
			into = json_bus(bus);
			add_to(top, "buses", into);
		}
		if (list->dimms)
			ndctl_dimm_foreach(bus, dimm)
				if (select_dimm(&list->sel, dimm))
					add_to(into, "dimms", json_dimm(dimm, list->flags));
		if (list->regions || lists_namespaces(list))
			list_regions(list, bus, into);
	}
	json_object_object_get_ex(top, "dimms", &dimms);
	if (!json_object_array_length(dimms))
		json_object_object_del(top, "dimms");
	return top;
}

/* Whether namespaces are listed, which are in their regions if these are, too. */
static bool has_namespaces(struct json_object *regions)
{
	size_t i;

	for (i = 0; i < json_object_array_length(regions); i++)
		if (json_object_object_get_ex(json_object_array_get_idx(regions, i),
					      "namespaces", NULL))
			return true;
	return false;
}

/*
 * What is printed: the array of the only kind of thing that is listed, or an object with
 * the arrays of several. NULL if there is nothing.
 */
static struct json_object *what_to_print(struct json_object *top)
{
	struct json_object_iterator only = json_object_iter_begin(top);
	struct json_object *regions;

	if (json_object_object_length(top) == 0)
		return NULL;
	if (json_object_object_length(top) > 1)
		return top;
	if (json_object_object_get_ex(top, "regions", &regions) && has_namespaces(regions))
		return top;
	return json_object_iter_peek_value(&only);
}

static void print_lines(struct json_object *top)
{
	size_t i;

	json_object_object_foreach(top, name, array) {
		(void)name;
		for (i = 0; i < json_object_array_length(array); i++)
			json_print_line(stdout, json_object_array_get_idx(array, i));
	}
}

static void print_table(struct json_object *top)
{
	struct json_object *namespaces;

	if (json_object_object_get_ex(top, "namespaces", &namespaces))
		table_print(stdout, namespaces);
}

static void print_json(const struct listing *list, struct json_object *top)
{
	struct json_object *what = what_to_print(top), *array;
	bool is_array = json_object_is_type(what, json_type_array);

	if (list->form == FORM_ARRAY && !is_array) {
		array = json_object_new_array();
		if (what)
			json_object_array_add(array, json_object_get(what));
		json_print(stdout, array);
		json_object_put(array);
		return;
	}
	if (list->form == FORM_NDCTL && is_array && (list->flags & JSON_HUMAN) &&
	    json_object_array_length(what) == 1)
		what = json_object_array_get_idx(what, 0);
	if (what)
		json_print(stdout, what);
}

const struct option list_options[] = {
	SELECT_LONG,
	{ "dimm", required_argument, NULL, 'd' },
	{ "namespace", required_argument, NULL, 'n' },
	{ "mode", required_argument, NULL, 'm' },
	{ "buses", no_argument, NULL, 'B' },
	{ "dimms", no_argument, NULL, 'D' },
	{ "regions", no_argument, NULL, 'R' },
	{ "namespaces", no_argument, NULL, 'N' },
	{ "device-dax", no_argument, NULL, 'X' },
	{ "idle", no_argument, NULL, 'i' },
	{ "human", no_argument, NULL, 'u' },
	{ "array", no_argument, NULL, FORM_ARRAY },
	{ "lines", no_argument, NULL, FORM_LINES },
	{ "table", no_argument, NULL, FORM_TABLE },
	{ }
};

/* Return: 0, or the exit status. */
static int parse(struct listing *list, const struct command *command, int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, SELECT_SHORT "d:n:m:BDRNXiu",
				     command->options, NULL)) != -1) {
		if (select_option(&list->sel, option, optarg))
			continue;
		switch (option) {
		case 'B':
			list->buses = true;
			break;
		case 'D':
			list->dimms = true;
			break;
		case 'R':
			list->regions = true;
			break;
		case 'X':
			list->flags |= JSON_DAX;
			break;
		case 'N':
			list->namespaces = true;
			break;
		case 'i':
			list->sel.idle = true;
			break;
		case 'u':
			list->flags |= JSON_HUMAN;
			break;
		case FORM_ARRAY:
		case FORM_LINES:
		case FORM_TABLE:
			list->form = option;
			break;
		default:
			return option_error(command, argv);
		}
	}
	if (optind < argc) {
		warnx("list takes no argument: %s", text_of(argv[optind]).s);
		return usage_error(command);
	}
	if (!select_mode_is_known(&list->sel)) {
		warnx("no mode %s: there are fsdax, devdax, sector and raw",
		      text_of(list->sel.mode).s);
		return status_of(-EINVAL);
	}
	if (list->form == FORM_TABLE && (list->buses || list->dimms || list->regions)) {
		warnx("--table lists namespaces only");
		return STATUS_USAGE;
	}
	return 0;
}

/**
 * list_run() - the command
 * @ctx: libndctl's
 * @command: its row
 * @argc: how many arguments
 * @argv: they
 *
 * Return: the exit status.
 */
int list_run(struct ndctl_ctx *ctx, const struct command *command, int argc, char **argv)
{
	struct listing list = { };
	struct json_object *top;
	int ret;

	ret = parse(&list, command, argc, argv);
	if (ret)
		return ret;
	if (!list.buses && !list.dimms && !list.regions && !list.namespaces &&
	    !(list.flags & JSON_DAX)) {
		list.buses = list.sel.bus;
		list.dimms = list.sel.dimm;
		list.regions = list.sel.region;
		list.namespaces = list.sel.namespace || list.sel.mode ||
			!(list.buses || list.dimms || list.regions);
	}
	ret = module_get(&list.state);
	if (ret)
		return status_of(ret);
	/* Only root may read them; the rest is for everybody */
	if (lists_namespaces(&list) && list.state.loaded)
		module_records(&list.records);

	top = list_all(&list, ctx);
	if (list.form == FORM_LINES)
		print_lines(top);
	else if (list.form == FORM_TABLE)
		print_table(top);
	else
		print_json(&list, top);

	json_object_put(top);
	json_object_put(list.records);
	module_put(&list.state);
	return EXIT_SUCCESS;
}
