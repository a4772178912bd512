// SPDX-License-Identifier: GPL-2.0
/*
 * "ndctl-pks config": show and change what lasts, and put it in force.
 *
 * What lasts is in files, by the namespaces' uuids, as their names change between boots.
 * Where a value is set, by file and line, is shown beside it. Nothing is written, and
 * nothing is put in force, while a file has an error.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "confdir.h"
#include "module.h"
#include "select.h"
#include "text.h"

#define STATUS_NOT_SET	1
#define COMMENT		31		/* the column where it begins */

struct config {
	struct ndctl_ctx *ctx;
	const char *directories[3];
	struct selection sel;
	enum { SHOW, UNSET, APPLY, PARAMETERS } what;
	uuid_t uuid;			/* of what --namespace names */
	struct confdir files;
};

const struct option config_options[] = {
	{ "namespace", required_argument, NULL, 'n' },
	{ "unset", no_argument, NULL, 'u' },
	{ "apply", no_argument, NULL, 'a' },
	{ "parameters", no_argument, NULL, 'p' },
	{ "directory", required_argument, NULL, 'd' },
	{ }
};

static const char * const defaults[CONF_KEYS] = {
	[CONF_MODE] = "relaxed",
	[CONF_PROTECT] = "all",
	[CONF_PINNED] = "allow",
	[CONF_WRITERS] = "",
};

static const char *value_of(const struct config *config, const uuid_t uuid, enum conf_key key)
{
	const struct conf_value *value = conf_get(&config->files.conf, uuid, key);

	return value ? value->text : NULL;
}

/* Which namespace has a uuid, or which uuid a namespace has. */
struct search {
	struct ndctl_namespace *ndns;
	uuid_t uuid;			/* null: it is the names that count */
	unsigned int count;
};

static int find_namespace(struct ndctl_namespace *ndns, void *arg)
{
	struct search *search = arg;
	uuid_t uuid;

	if (!uuid_is_null(search->uuid) &&
	    (!select_uuid(ndns, uuid) || uuid_compare(uuid, search->uuid)))
		return 0;
	search->ndns = ndns;
	search->count++;
	return 0;
}

/* The name of the namespace that has a uuid, or NULL. */
static const char *name_of(struct config *config, const uuid_t uuid)
{
	const struct selection all = { .idle = true };
	struct search search = { };

	uuid_copy(search.uuid, uuid);
	select_each(config->ctx, &all, find_namespace, &search);
	return search.ndns ? ndctl_namespace_get_devname(search.ndns) : NULL;
}

/* Turn the name that was given into its uuid. Return: 0 or an error that was said. */
static int find_uuid(struct config *config)
{
	const char *name = config->sel.namespace;
	struct search search = { };

	if (!name)
		return 0;
	if (!uuid_parse(name, config->uuid) && !uuid_is_null(config->uuid))
		return 0;
	uuid_clear(config->uuid);
	config->sel.idle = true;
	select_each(config->ctx, &config->sel, find_namespace, &search);
	if (!search.count) {
		warnx("%s: no such namespace", text_of(name).s);
		return -ENXIO;
	}
	if (search.count > 1) {
		warnx("%s: that is more than one namespace", text_of(name).s);
		return -EINVAL;
	}
	if (select_uuid(search.ndns, config->uuid) && !uuid_is_null(config->uuid))
		return 0;
	warnx("%s has no uuid, by which its settings could last: what is set for all holds",
	      text_of(name).s);
	return -ENXIO;
}

/* What the module has now; false if there is nothing to compare with. */
static bool now_of(enum conf_key key, char *now)
{
	if (key == CONF_MODE)
		return !module_read(NULL, "fault_mode", now);
	/* Writers that were added have their modules' names now */
	return key != CONF_WRITERS && !module_parameter(conf_key_name(key), now);
}

static void show_value(const char *name, const char *text, const struct conf_value *from,
		       const char *now)
{
	int len = printf("%s =%s%s", name, *text ? " " : "", text);

	printf("%*s # ", len < COMMENT ? COMMENT - len : 0, "");
	if (from)
		printf("%s:%u", text_of(from->file).s, from->line);
	else
		printf("default");
	if (now && strcmp(now, text))
		printf("; now %s", text_of(now).s);
	putchar('\n');
}

static void show_section(struct config *config, const struct conf_section *section)
{
	const char *name = name_of(config, section->uuid);
	char uuid[UUID_STR_LEN];
	int key;

	uuid_unparse(section->uuid, uuid);
	printf("\n[namespace %s] # %s\n", uuid, name ?: "not here");
	for (key = 0; key < CONF_KEYS; key++)
		if (section->values[key].text)
			show_value(conf_key_name(key), section->values[key].text,
				   &section->values[key], NULL);
}

static int show_all(struct config *config)
{
	const struct conf *conf = &config->files.conf;
	const struct conf_value *value;
	char now[MODULE_VALUE_LEN];
	size_t i;
	int key;

	for (key = 0; key < CONF_KEYS; key++) {
		value = conf_get(conf, conf_all, key);
		show_value(conf_key_name(key), value ? value->text : defaults[key], value,
			   now_of(key, now) ? now : NULL);
	}
	for (i = 0; i < conf->count; i++)
		if (!uuid_is_null(conf->sections[i].uuid))
			show_section(config, &conf->sections[i]);
	return EXIT_SUCCESS;
}

static int show_one(const struct config *config, enum conf_key key)
{
	const char *text = value_of(config, config->uuid, key);

	if (!text)
		return STATUS_NOT_SET;
	puts(text);
	return EXIT_SUCCESS;
}

/* What is set for all, as the module's parameters, for modprobe. */
static int print_parameters(const struct config *config)
{
	const char *text, *before = "";
	int key;

	for (key = 0; key < CONF_KEYS; key++) {
		text = value_of(config, conf_all, key);
		if (!text || !*text)
			continue;
		printf("%s%s=%s", before,
		       key == CONF_MODE ? "fault_mode" : conf_key_name(key), text);
		before = " ";
	}
	if (*before)
		putchar('\n');
	return EXIT_SUCCESS;
}

/* Say it if another file has the last word. Return: the exit status */
static int look_again(struct config *config, enum conf_key key, const char *text)
{
	const struct conf_value *value;
	int ret;

	confdir_free(&config->files);
	ret = confdir_load(&config->files, config->directories);
	if (ret)
		return status_of(ret);
	value = conf_get(&config->files.conf, config->uuid, key);
	if (!value || (text && !strcmp(value->text, text)))
		return EXIT_SUCCESS;
	warnx("%s:%u has the last word: %s = %s", text_of(value->file).s, value->line,
	      conf_key_name(key), text_of(value->text).s);
	return STATUS_NOT_SET;
}

/* @text: NULL to unset it */
static int change(struct config *config, const struct confdir_lock *lock, enum conf_key key,
		  const char *text)
{
	int ret;

	ret = confdir_load(&config->files, config->directories);
	if (ret)
		return status_of(ret);
	if (!text && !value_of(config, config->uuid, key))
		return STATUS_NOT_SET;
	ret = confdir_change(lock, config->directories[0], config->uuid, key, text);
	return ret ? status_of(ret) : look_again(config, key, text);
}

/* Two commands at once take turns, from before they read. */
static int change_in_turn(struct config *config, enum conf_key key, const char *text)
{
	struct confdir_lock lock;
	int status = confdir_lock(&lock, config->directories[0]);

	if (status)
		return status_of(status);
	status = change(config, &lock, key, text);
	confdir_unlock(&lock);
	return status;
}

/* A value that is none changes nothing, not even by making the directory. */
static int set(struct config *config, enum conf_key key, const char *text)
{
	struct conf_error error;
	char *value = conf_check(config->uuid, key, text, &error);
	int status;

	if (!value) {
		warnx("%s", error.why);
		return status_of(-EINVAL);
	}
	status = change_in_turn(config, key, value);
	free(value);
	return status;
}

/* What libndctl knows by the name of the module's directory. */
struct known {
	const char *device;
	struct ndctl_namespace *ndns;
};

struct apply {
	struct config *config;
	struct module_state state;
	struct known *known;
	size_t count;
	int first_error;
};

static int know(struct ndctl_namespace *ndns, void *arg)
{
	struct apply *apply = arg;
	struct known *more;

	more = reallocarray(apply->known, apply->count + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	apply->known = more;
	more[apply->count].device = module_device(ndns);
	more[apply->count++].ndns = ndns;
	return 0;
}

static struct ndctl_namespace *namespace_of(const struct apply *apply, const char *device)
{
	size_t i;

	for (i = 0; i < apply->count; i++)
		if (!strcmp(apply->known[i].device, device))
			return apply->known[i].ndns;
	return NULL;
}

static const char *why_refused(const char *file, int error)
{
	switch (error) {
	case -EACCES:
	case -EPERM:
		return "only root may change it";
	case -EBUSY:
		return strcmp(file, "protect") ? "there are unknown_writers" :
		       "refused, as the kernel's log says";
	default:
		return strerror(-error);
	}
}

static void put(struct apply *apply, const char *device, const char *file, const char *now,
		const char *value)
{
	int ret;

	if (!strcmp(now, value))
		return;
	ret = module_write(device, file, value);
	/* What has gone meanwhile needs no setting */
	if (!ret || (device && (ret == -ENOENT || ret == -ENODEV)))
		return;
	warnx("%s%s%s stays %s: %s", device ? text_of(device).s : "", device ? ": " : "", file,
	      text_of(now).s, why_refused(file, ret));
	apply->first_error = apply->first_error ?: ret;
}

/* What is read only when the module is loaded. */
static void compare_parameter(struct apply *apply, enum conf_key key)
{
	const char *value = value_of(apply->config, conf_all, key);
	char now[MODULE_VALUE_LEN];

	if (!value || module_parameter(conf_key_name(key), now) || !strcmp(now, value))
		return;
	warnx("%s stays %s until the module is loaded anew", conf_key_name(key),
	      text_of(now).s);
	apply->first_error = apply->first_error ?: -EBUSY;
}

/* Whether a line of the module's list is a writer, whose module may not be named. */
static bool is_listed(const char *lines, const char *writer)
{
	size_t len = strlen(writer), word;
	const char *line;

	for (line = lines; *line; line += word + !!line[word]) {
		word = strcspn(line, "\n");
		if (word < len || memcmp(line + word - len, writer, len))
			continue;
		if (word == len || line[word - len - 1] == ':')
			return true;
	}
	return false;
}

/* As the module writes the name of a module */
static void underscore(char *writer)
{
	char *colon = strchr(writer, ':');

	for (; colon && writer < colon; writer++)
		if (*writer == '-')
			*writer = '_';
}

static void add_writers(struct apply *apply)
{
	const char *value = value_of(apply->config, conf_all, CONF_WRITERS);
	char list[MODULE_VALUE_LEN], now[MODULE_VALUE_LEN], add[128], *rest = list, *writer;
	int ret;

	if (!value)
		return;
	ret = module_read(NULL, "writers", now);
	snprintf(list, sizeof(list), "%s", value);
	while (!ret && *list && (writer = strsep(&rest, ","))) {
		underscore(writer);
		if (is_listed(now, writer))
			continue;
		snprintf(add, sizeof(add), "+%s", writer);
		ret = module_write(NULL, "writers", add);
		if (ret)
			warnx("%s is not made a writer: see the kernel's log",
			      text_of(writer).s);
		ret = ret == -EEXIST ? 0 : ret;
	}
	apply->first_error = apply->first_error ?: ret;
}

static void apply_to_all(struct apply *apply)
{
	const char *mode = value_of(apply->config, conf_all, CONF_MODE);

	add_writers(apply);
	if (mode)
		put(apply, NULL, "fault_mode", apply->state.mode, mode);
	compare_parameter(apply, CONF_PINNED);
}

/* Return: whether the namespace is meant */
static bool apply_to_one(struct apply *apply, const struct module_namespace *ns)
{
	const char *named = apply->config->sel.namespace, *mode = NULL;
	struct ndctl_namespace *ndns = namespace_of(apply, ns->device);
	uuid_t uuid = { };
	int protects;

	if (named && strcmp(named, "all") && strcmp(named, ns->device) &&
	    (!ndns || !select_is_named(named, ndns)))
		return false;
	if (ndns && select_uuid(ndns, uuid) && !uuid_is_null(uuid))
		mode = value_of(apply->config, uuid, CONF_MODE);
	protects = conf_protects(&apply->config->files.conf, uuid);
	if (mode)
		put(apply, ns->device, "fault_mode", ns->mode, mode);
	if (protects >= 0)
		put(apply, ns->device, "protect", ns->protected ? "1" : "0",
		    protects ? "1" : "0");
	return true;
}

static void apply_to_namespaces(struct apply *apply)
{
	const char *named = apply->config->sel.namespace;
	const struct selection all = { };
	bool found = false;
	size_t i;

	if (select_each(apply->config->ctx, &all, know, apply)) {
		apply->first_error = -ENOMEM;
		return;
	}
	for (i = 0; i < apply->state.count; i++)
		found |= apply_to_one(apply, &apply->state.namespaces[i]);
	if (found || !named || !strcmp(named, "all"))
		return;
	warnx("%s: the module does not know it", text_of(named).s);
	apply->first_error = apply->first_error ?: -ENXIO;
}

static int apply_now(struct config *config)
{
	struct apply apply = { .config = config };
	int ret;

	if (!module_is_loaded()) {
		warnx("the module pmem_pks is not loaded");
		return status_of(-ENODEV);
	}
	/* Whoever loads it applies all when that is done: see modprobe.d */
	if (config->sel.namespace && !module_is_live())
		return EXIT_SUCCESS;
	ret = module_get(&apply.state);
	if (ret)
		return status_of(ret);
	if (!config->sel.namespace)
		apply_to_all(&apply);
	apply_to_namespaces(&apply);
	free(apply.known);
	module_put(&apply.state);
	return status_of(apply.first_error);
}

/* Those that read. Return: the exit status. */
static int run_on_files(struct config *config, int argc, enum conf_key key)
{
	bool is_ours = config->directories[1];
	int ret;

	/* Ours need not be there. One that was named and is not is a slip. */
	if (!is_ours && access(config->directories[0], F_OK)) {
		ret = -errno;
		warnx("cannot read %s: %s", text_of(config->directories[0]).s, strerror(-ret));
		return status_of(ret);
	}
	ret = confdir_load(&config->files, config->directories);
	if (ret)
		return status_of(ret);
	if (config->what == APPLY)
		return apply_now(config);
	if (config->what == PARAMETERS)
		return print_parameters(config);
	return argc ? show_one(config, key) : show_all(config);
}

/* Return: false if the options and arguments do not go together */
static bool goes_together(const struct config *config, int argc)
{
	switch (config->what) {
	case SHOW:
		return argc <= 2 && (argc || !config->sel.namespace);
	case UNSET:
		return argc == 1;
	case APPLY:
		return !argc;
	default:
		return !argc && !config->sel.namespace;
	}
}

static int run(struct config *config, int argc, char **argv)
{
	enum conf_key key = 0;
	int ret = 0;

	if (argc && !conf_find_key(argv[0], &key)) {
		warnx("there is no key %s: there are mode, protect, pinned, writers",
		      text_of(argv[0]).s);
		return status_of(-EINVAL);
	}
	if (config->what != APPLY)
		ret = find_uuid(config);
	if (ret)
		return status_of(ret);
	if (config->what == UNSET)
		return change_in_turn(config, key, NULL);
	if (argc == 2)
		return set(config, key, argv[1]);
	return run_on_files(config, argc, key);
}

/**
 * config_run() - the command
 * @ctx: libndctl's
 * @command: its row
 * @argc: how many arguments
 * @argv: they
 *
 * Return: the exit status.
 */
int config_run(struct ndctl_ctx *ctx, const struct command *command, int argc, char **argv)
{
	struct config config = { .ctx = ctx, .directories = { confdir_system[0],
								    confdir_system[1] } };
	int option, status;

	while ((option = getopt_long(argc, argv, "n:d:", command->options, NULL)) != -1) {
		switch (option) {
		case 'n':
			config.sel.namespace = optarg;
			break;
		case 'd':
			config.directories[0] = optarg;
			config.directories[1] = NULL;
			break;
		case 'u':
			config.what = UNSET;
			break;
		case 'a':
			config.what = APPLY;
			break;
		case 'p':
			config.what = PARAMETERS;
			break;
		default:
			return option_error(command, argv);
		}
	}
	if (!goes_together(&config, argc - optind))
		return usage_error(command);
	status = run(&config, argc - optind, argv + optind);
	confdir_free(&config.files);
	return status;
}
