// SPDX-License-Identifier: GPL-2.0
/*
 * "ndctl-pks check": can this machine, or a kernel before anybody boots it, be protected?
 * The first line answers. What is missing follows, each with the way to get it, then what
 * could not be told, then all else. Everything in the files is foreign: nothing of them is
 * printed as it is.
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "array.h"
#include "command.h"
#include "finding.h"
#include "holders.h"
#include "json.h"
#include "machine.h"
#include "module.h"
#include "needs.h"
#include "text.h"

/* The exit statuses */
#define CHECK_NO	1
#define CHECK_UNKNOWN	2

struct check {
	struct json_object *findings;	/* an array */
	size_t count[FINDING_UNKNOWN + 1];
};

static const char * const verdicts[] = {
	[FINDING_YES] = "yes",
	[FINDING_NOTE] = "note",
	[FINDING_NO] = "no",
	[FINDING_UNKNOWN] = "unknown",
};

static void add_string(struct json_object *object, const char *name, const char *value)
{
	json_object_object_add(object, name, json_object_new_string(value));
}

static void hear(void *arg, const struct finding *finding)
{
	struct json_object *object = json_object_new_object();
	struct check *check = arg;

	add_string(object, "part", finding->part);
	add_string(object, "name", finding->name);
	add_string(object, "verdict", verdicts[finding->verdict]);
	add_string(object, "text", finding->text);
	if (finding->how)
		add_string(object, "how", finding->how);
	json_object_array_add(check->findings, object);
	check->count[finding->verdict]++;
}

static bool is_there(const char *path)
{
	return !access(path, F_OK);
}

/* The first of some places where a release's file is, in @path. Return: false: none is. */
static bool find_place(const char * const *places, const char *release, char path[PATH_MAX])
{
	for (; *places; places++) {
		snprintf(path, PATH_MAX, *places, release);
		if (is_there(path))
			return true;
	}
	return false;
}

/* Where a release's files may be */
static const char * const configs[] = {
	"/boot/config-%s", "/lib/modules/%s/config", "/usr/lib/modules/%s/config", NULL,
};

static const char * const maps[] = {
	"/boot/System.map-%s", "/lib/modules/%s/System.map", "/usr/lib/modules/%s/System.map",
	NULL,
};

static const char * const images[] = {
	"/boot/vmlinuz-%s", "/lib/modules/%s/vmlinuz", "/usr/lib/modules/%s/vmlinuz", NULL,
};

static const char * const modules[] = { "/lib/modules/%s", "/usr/lib/modules/%s", NULL };

/* @without: what it means that there is none */
static void check_config(struct needs_kernel *kernel, const char *config,
			 enum finding_verdict without, const char *how,
			 const struct listener *to)
{
	int ret = config ? needs_options(kernel, config) : 0;

	if (!config)
		finding_tell(to, without, "option", "(all)", how,
			     "there is no configuration to look at");
	else if (ret)
		finding_tell(to, FINDING_UNKNOWN, "option", "(all)", how, "%s: %s",
			     text_of(config).s, needs_error(ret));
	else
		needs_check_options(kernel, to);
}

/* Of its System.map, or if that is a stub (as Debian's), of its image. */
static void check_symbols(struct needs_kernel *kernel, const char *map, const char *image,
			  const char *how, const struct listener *to)
{
	int ret = -ENOENT;

	if (map)
		ret = needs_symbols(kernel, map, NULL);
	if (ret && image) {
		map = NULL;
		ret = needs_symbols(kernel, NULL, image);
	}
	if (!map && !image)
		finding_tell(to, FINDING_UNKNOWN, "symbol", "(all)", how,
			     "there is neither an image nor a map to look at");
	else if (ret)
		finding_tell(to, FINDING_UNKNOWN, "symbol", "(all)", how, "%s: %s",
			     text_of(map ?: image).s, needs_error(ret));
	else
		needs_check_symbols(kernel, to);
}

/* Return: whether anything of it is here. */
static bool is_installed(const char *release)
{
	char path[PATH_MAX];

	return find_place(configs, release, path) || find_place(maps, release, path) ||
		find_place(images, release, path) || find_place(modules, release, path);
}

/* A kernel that is installed here, or the one that runs. */
static void check_release(struct needs_kernel *kernel, const char *release, bool runs,
			  const struct listener *to)
{
	char config[PATH_MAX], map[PATH_MAX], image[PATH_MAX], directory[PATH_MAX];
	bool has_config = runs && is_there("/proc/config.gz");

	if (has_config)
		snprintf(config, sizeof(config), "/proc/config.gz");
	else
		has_config = find_place(configs, release, config);
	if (find_place(modules, release, directory))
		kernel->modules = directory;
	machine_check_cpu(to);
	/* A module that is loaded was compiled, and has found all that it needs */
	check_config(kernel, has_config ? config : NULL,
		     runs && module_is_loaded() ? FINDING_NOTE : FINDING_UNKNOWN,
		     "Install that kernel here, or name its file with --config.", to);
	if (runs)
		check_symbols(kernel, "/proc/kallsyms", NULL, NULL, to);
	else
		check_symbols(kernel, find_place(maps, release, map) ? map : NULL,
			      find_place(images, release, image) ? image : NULL,
			      "Install that kernel here, or name its files with --vmlinux or --system-map. Root may read them.",
			      to);
	machine_check_module(kernel, release, runs, to);
	if (runs)
		holders_check(kernel, to);
	kernel->modules = NULL;
}

static const char *s(size_t count)
{
	return count == 1 ? "" : "s";
}

/* Those findings that have one of two verdicts, with a heading before them. */
static void print_part(const struct check *check, const char *heading, enum finding_verdict one,
		       enum finding_verdict two)
{
	size_t count = json_object_array_length(check->findings), i;
	struct json_object *object;
	struct finding finding;
	const char *verdict;

	if (!check->count[one] && !check->count[two])
		return;
	printf("\n%s:\n", heading);
	for (i = 0; i < count; i++) {
		object = json_object_array_get_idx(check->findings, i);
		verdict = json_string(object, "verdict");
		if (strcmp(verdict, verdicts[one]) && strcmp(verdict, verdicts[two]))
			continue;
		finding.part = json_string(object, "part");
		finding.name = json_string(object, "name");
		finding.text = json_string(object, "text");
		finding.how = json_string(object, "how");
		if (!*finding.how)
			finding.how = NULL;
		finding_print(stdout, &finding);
	}
}

static void print_human(const struct check *check, const char *subject)
{
	size_t missing = check->count[FINDING_NO], unknown = check->count[FINDING_UNKNOWN];

	if (missing)
		printf("Can be protected: no. %zu thing%s that the module needs %s missing.\n",
		       missing, s(missing), missing == 1 ? "is" : "are");
	else if (unknown)
		printf("Can be protected: that can't be told. %zu thing%s can't be looked at.\n",
		       unknown, s(unknown));
	else
		printf("Can be protected: yes. All that the module needs is there.\n");
	printf("Checked: %s.\n", subject);
	print_part(check, "What is missing", FINDING_NO, FINDING_NO);
	print_part(check, "What could not be told", FINDING_UNKNOWN, FINDING_UNKNOWN);
	print_part(check, "What was found", FINDING_YES, FINDING_NOTE);
}

static void print_json(struct check *check, const char *subject, int status)
{
	struct json_object *object = json_object_new_object();

	add_string(object, "protectable", status == CHECK_NO ? "no" :
		   status == CHECK_UNKNOWN ? "unknown" : "yes");
	add_string(object, "checked", subject);
	json_object_object_add(object, "checks", json_object_get(check->findings));
	json_print(stdout, object);
	json_object_put(object);
}

/* What is given on the command line; NULL is not given. */
struct wanted {
	const char *release;
	const char *vmlinux;
	const char *map;
	const char *config;
	const char *modules;
	bool json;
};

static bool take_option(struct wanted *wanted, int option, const char *argument)
{
	switch (option) {
	case 'k':
		wanted->release = argument;
		return true;
	case 'v':
		wanted->vmlinux = argument;
		return true;
	case 's':
		wanted->map = argument;
		return true;
	case 'c':
		wanted->config = argument;
		return true;
	case 'm':
		wanted->modules = argument;
		return true;
	case 'j':
		wanted->json = true;
		return true;
	default:
		return false;
	}
}

/* It becomes a part of paths. */
static bool is_release(const char *release)
{
	return *release && *release != '.' && strlen(release) <= 64 && !strchr(release, '/');
}

static void check_wanted(const struct wanted *wanted, char *subject, size_t size,
			 const struct listener *to)
{
	struct needs_kernel kernel = { };
	struct utsname name;

	if (wanted->vmlinux || wanted->map || wanted->config) {
		snprintf(subject, size, "the kernel whose files were named, on no machine");
		kernel.modules = wanted->modules;
		check_config(&kernel, wanted->config, FINDING_UNKNOWN,
			     "Name the configuration with --config.", to);
		check_symbols(&kernel, wanted->map, wanted->vmlinux,
			      "Name the kernel's image with --vmlinux, or a System.map with --system-map.",
			      to);
	} else if (wanted->release) {
		snprintf(subject, size, "this machine, with the kernel %s",
			 text_of(wanted->release).s);
		check_release(&kernel, wanted->release, false, to);
	} else {
		uname(&name);
		snprintf(subject, size, "this machine, with the kernel %s, which runs",
			 text_of(name.release).s);
		check_release(&kernel, name.release, true, to);
	}
	needs_put(&kernel);
}

const struct option check_options[] = {
	{ "kernel", required_argument, NULL, 'k' },
	{ "vmlinux", required_argument, NULL, 'v' },
	{ "system-map", required_argument, NULL, 's' },
	{ "config", required_argument, NULL, 'c' },
	{ "modules", required_argument, NULL, 'm' },
	{ "json", no_argument, NULL, 'j' },
	{ }
};

/**
 * check_run() - the command
 * @ctx: libndctl's
 * @command: its row
 * @argc: how many arguments
 * @argv: they
 *
 * Return: the exit status.
 */
int check_run(struct ndctl_ctx *ctx, const struct command *command, int argc, char **argv)
{
	struct check check = { };
	const struct listener to = { hear, &check };
	struct wanted wanted = { };
	char subject[256];
	int option, status;

	(void)ctx;
	while ((option = getopt_long(argc, argv, "k:v:s:c:m:j", command->options, NULL)) != -1)
		if (!take_option(&wanted, option, optarg))
			return option_error(command, argv);
	if (optind < argc)
		return usage_error(command);
	if (wanted.release && (wanted.vmlinux || wanted.map || wanted.config || wanted.modules)) {
		warnx("--kernel is for a kernel that is installed here: it goes without files");
		return usage_error(command);
	}
	if (wanted.modules && !wanted.vmlinux && !wanted.map) {
		warnx("--modules goes with --vmlinux or --system-map");
		return usage_error(command);
	}
	if (wanted.release && !(is_release(wanted.release) && is_installed(wanted.release))) {
		warnx("there is no kernel %s here: see ls /boot /lib/modules",
		      text_of(wanted.release).s);
		return CHECK_UNKNOWN;
	}
	check.findings = json_object_new_array();
	check_wanted(&wanted, subject, sizeof(subject), &to);
	status = check.count[FINDING_NO] ? CHECK_NO :
		check.count[FINDING_UNKNOWN] ? CHECK_UNKNOWN : EXIT_SUCCESS;
	if (wanted.json)
		print_json(&check, subject, status);
	else
		print_human(&check, subject);
	json_object_put(check.findings);
	return status;
}
