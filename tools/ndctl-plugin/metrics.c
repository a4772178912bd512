// SPDX-License-Identifier: GPL-2.0
/*
 * "ndctl-pks metrics": the counters and switches, for Prometheus and the like.
 *
 * OpenMetrics calls a family of counters without the "_total" that its samples end in.
 * The older text format, which node_exporter reads from files, calls it with it.
 *
 * With --output, the file is replaced as a whole (output.c).
 */
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "command.h"
#include "confdir.h"
#include "configured.h"
#include "json.h"
#include "module.h"
#include "output.h"
#include "select.h"
#include "text.h"

struct metrics {
	FILE *file;
	bool prometheus;		/* the older format */
	struct module_state state;
	struct confdir files;
	bool has_files;			/* they were read: no error is in them */
	struct row {
		const char *name;
		char uuid[UUID_STR_LEN];
		const struct module_namespace *ns;	/* NULL: the module does not know it */
		bool configured;	/* it is to be protected */
	} *rows;
	size_t count;
};

/* Quotes and backslashes become "?", as does what is no printable ASCII. */
static void print_label(FILE *file, const char *name, const char *value)
{
	struct text text = text_of(value);
	char *c;

	for (c = text.s; *c; c++)
		if (*c == '"' || *c == '\\')
			*c = '?';
	fprintf(file, "%s=\"%s\"", name, text.s);
}

static void print_head(const struct metrics *m, const char *family, const char *type,
		       const char *help)
{
	const char *suffix = m->prometheus && !strcmp(type, "counter") ? "_total" : "";

	fprintf(m->file, "# HELP pmem_pks_%s%s %s\n", family, suffix, help);
	fprintf(m->file, "# TYPE pmem_pks_%s%s %s\n", family, suffix, type);
}

static void print_total(const struct metrics *m, const char *family,
			unsigned long long value, const char *help)
{
	print_head(m, family, "counter", help);
	fprintf(m->file, "pmem_pks_%s_total %llu\n", family, value);
}

static void print_row(const struct metrics *m, const char *name, const struct row *row,
		      const char *mode, unsigned long long value)
{
	fprintf(m->file, "pmem_pks_namespace_%s{", name);
	print_label(m->file, "namespace", row->name);
	fputc(',', m->file);
	print_label(m->file, "uuid", row->uuid);
	if (mode) {
		fputc(',', m->file);
		print_label(m->file, "mode", mode);
	}
	fprintf(m->file, "} %llu\n", value);
}

static void print_protected(const struct metrics *m)
{
	const struct row *row;

	print_head(m, "namespace_protected", "gauge", "Whether the namespace is protected.");
	for (row = m->rows; row < m->rows + m->count; row++)
		print_row(m, "protected", row, NULL, row->ns && row->ns->protected);
	if (!m->has_files)
		return;
	print_head(m, "namespace_configured", "gauge",
		   "Whether the namespace is meant to be protected.");
	for (row = m->rows; row < m->rows + m->count; row++)
		print_row(m, "configured", row, NULL, row->configured);
}

/* Those of the namespaces that the module knows */
static void print_known(const struct metrics *m)
{
	static const struct {
		const char *name;
		const char *type;
		const char *help;
		size_t offset;
	} families[] = {
		{ "stray_writes", "counter", "Stray writes to the namespace that were caught.",
		  offsetof(struct module_namespace, stray_writes) },
		{ "pinned_writes", "counter",
		  "Writes to pinned pages of the namespace that were let through.",
		  offsetof(struct module_namespace, pinned_writes) },
		{ "pinned_windows", "counter",
		  "Windows that were opened for many pinned writes in a row.",
		  offsetof(struct module_namespace, pinned_windows) },
		{ "aliases", "gauge", "Further mappings of the namespace that have no key.",
		  offsetof(struct module_namespace, aliases) },
		{ "key", "gauge", "The number of the namespace's protection key.",
		  offsetof(struct module_namespace, key) },
	};
	const struct row *row;
	char name[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(families); i++) {
		snprintf(name, sizeof(name), "namespace_%s", families[i].name);
		print_head(m, name, families[i].type, families[i].help);
		snprintf(name, sizeof(name), "%s%s", families[i].name,
			 strcmp(families[i].type, "counter") ? "" : "_total");
		for (row = m->rows; row < m->rows + m->count; row++)
			if (row->ns)
				print_row(m, name, row, NULL,
					  *(const unsigned long long *)
					  ((const char *)row->ns + families[i].offset));
	}
	print_head(m, "namespace_key_shared", "gauge",
		   "Whether other namespaces have the same key.");
	for (row = m->rows; row < m->rows + m->count; row++)
		if (row->ns)
			print_row(m, "key_shared", row, NULL, row->ns->key_shared);
	print_head(m, "namespace_mode", "gauge",
		   "1 for the mode that holds for the namespace: what is done to a stray write.");
	for (row = m->rows; row < m->rows + m->count; row++)
		if (row->ns)
			print_row(m, "mode", row, module_effective_mode(&m->state, row->ns), 1);
}

static void print_metrics(FILE *file, void *arg)
{
	struct metrics *m = arg;
	const struct module_state *state = &m->state;

	m->file = file;

	print_head(m, "loaded", "gauge", "Whether the module pmem_pks is loaded.");
	fprintf(m->file, "pmem_pks_loaded %d\n", state->loaded);
	print_head(m, "configured", "gauge", "Whether this machine is meant to have the module.");
	fprintf(m->file, "pmem_pks_configured %d\n", configured_to_load());
	if (state->loaded) {
		print_total(m, "stray_writes", state->stray_writes,
			    "Stray writes that were caught.");
		print_total(m, "stray_reads", state->stray_reads,
			    "Stray reads that were caught, of domains of other modules.");
		print_total(m, "pinned_writes", state->pinned_writes,
			    "Writes to pinned pages that were let through.");
		print_total(m, "pinned_windows", state->pinned_windows,
			    "Windows that were opened for many pinned writes in a row.");
		print_total(m, "fail_open", state->fail_open,
			    "Times that a namespace lost its protection, or an interrupt ran unshielded.");
	}
	if (m->count) {
		print_protected(m);
		if (state->count)
			print_known(m);
	}
	if (!m->prometheus)
		fputs("# EOF\n", m->file);
}

/*
 * What is said of a namespace comes from the module; libndctl is asked for its name and
 * uuid only, as each answer of it is a file. What the module knows is active.
 */
static int add_row(struct ndctl_namespace *ndns, void *arg)
{
	struct metrics *m = arg;
	const struct module_namespace *ns = module_find_namespace(&m->state, ndns);
	struct row *more;
	uuid_t uuid = { };

	if (!ns && (!ndctl_namespace_is_active(ndns) || module_is_ram(ndns)))
		return 0;
	more = reallocarray(m->rows, m->count + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	m->rows = more;
	more += m->count++;
	more->name = ndctl_namespace_get_devname(ndns);
	more->ns = ns;
	*more->uuid = '\0';
	if (select_uuid(ndns, uuid))
		uuid_unparse(uuid, more->uuid);
	more->configured = conf_protects(&m->files.conf, uuid) != 0;
	return 0;
}

const struct option metrics_options[] = {
	SELECT_LONG,
	{ "output", required_argument, NULL, 'o' },
	{ "prometheus", no_argument, NULL, 'p' },
	{ }
};

/**
 * metrics_run() - the command
 * @ctx: libndctl's
 * @command: its row
 * @argc: how many arguments
 * @argv: they
 *
 * Return: the exit status.
 */
int metrics_run(struct ndctl_ctx *ctx, const struct command *command, int argc, char **argv)
{
	struct metrics m = { };
	const char *output = NULL;
	struct selection sel = { .idle = true };
	int ret;

	while ((ret = getopt_long(argc, argv, SELECT_SHORT "o:p", command->options, NULL)) != -1) {
		if (ret == 'o')
			output = optarg;
		else if (ret == 'p')
			m.prometheus = true;
		else if (!select_option(&sel, ret, optarg))
			return option_error(command, argv);
	}
	if (optind < argc)
		return usage_error(command);
	ret = module_get(&m.state);
	if (ret)
		return status_of(ret);
	/* What is wrong with them was said, and all else is printed */
	m.has_files = !confdir_load(&m.files, confdir_system);
	ret = select_each(ctx, &sel, add_row, &m);
	if (!ret) {
		if (output)
			ret = output_replace(output, 0644, print_metrics, &m);
		else
			print_metrics(stdout, &m);
	}
	free(m.rows);
	confdir_free(&m.files);
	module_put(&m.state);
	return status_of(ret);
}
