// SPDX-License-Identifier: GPL-2.0
/*
 * "ndctl-pks report": what to attach to a bug report. All is gathered once, and printed
 * from that as text (here) or as HTML (html.c).
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "json.h"
#include "output.h"
#include "records.h"
#include "report.h"
#include "select.h"
#include "text.h"

#define MAP_COLUMNS	72

static double seconds_of(const char *time)
{
	struct tm tm = { };
	const char *rest = strptime(time, "%Y-%m-%dT%H:%M:%S", &tm);

	if (!rest)
		return -1;
	return timegm(&tm) + (*rest == '.' ? strtod(rest, NULL) : 0);
}

/* "store_mov8+0x15/0x20 [m]" is "store_mov8 [m]" */
static char *function_of(struct json_object *record)
{
	const char *symbol = json_string(record, "function");
	size_t len = strcspn(symbol, "+");
	const char *module = strchr(symbol + len, ' ');
	char *name;

	if (!*symbol)
		return strdup("an unknown function");
	return asprintf(&name, "%.*s%s", (int)len, symbol, module ?: "") < 0 ? NULL : name;
}

/* Return: its place in the list, or -ENOMEM. @name is taken. */
static ssize_t find_function(struct report *report, char *name)
{
	struct report_function *more;
	size_t i;

	for (i = 0; name && i < report->nr_functions; i++) {
		if (strcmp(report->functions[i].name, name))
			continue;
		free(name);
		return i;
	}
	more = name ? reallocarray(report->functions, i + 1, sizeof(*more)) : NULL;
	if (!more) {
		free(name);
		return -ENOMEM;
	}
	report->functions = more;
	report->nr_functions++;
	more[i] = (struct report_function){ .name = name, .first = -1, .last = -1 };
	return i;
}

/* The mapping's size, which only root can find out */
static unsigned long long size_of(const char *device)
{
	unsigned long long first, last;
	char value[MODULE_VALUE_LEN];

	if (module_read(device, "range", value) ||
	    sscanf(value, "0x%llx-0x%llx", &first, &last) != 2 || last < first)
		return 0;
	return last - first + 1;
}

static ssize_t find_namespace(struct report *report, const char *name)
{
	struct report_namespace *more;
	size_t i;

	for (i = 0; i < report->nr_namespaces; i++)
		if (!strcmp(report->namespaces[i].name, name))
			return i;
	more = reallocarray(report->namespaces, i + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	report->namespaces = more;
	report->nr_namespaces++;
	more[i] = (struct report_namespace){
		.name = name,
		.ns = module_find(&report->state, name),
	};
	if (more[i].ns)
		more[i].size = size_of(name);
	return i;
}

static int add_namespace(struct ndctl_namespace *ndns, void *arg)
{
	struct report *report = arg;
	ssize_t i = find_namespace(report, module_device(ndns));

	if (i < 0)
		return i;
	if (!report->namespaces[i].object)
		report->namespaces[i].object =
			json_namespace(ndns, &report->state, NULL, JSON_HUMAN);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strverscmp(((const struct report_namespace *)a)->name,
			  ((const struct report_namespace *)b)->name);
}

static int add_stray(struct report *report, struct json_object *record)
{
	struct report_stray stray = {
		.record = record,
		.offset = strtoull(json_string(record, "offset"), NULL, 10),
		.count = strtoull(json_string(record, "count"), NULL, 10),
		.first = seconds_of(json_string(record, "first")),
		.last = seconds_of(json_string(record, "time")),
		.stopped = !strcmp(json_string(record, "outcome"), "dropped") ||
			!strcmp(json_string(record, "outcome"), "denied"),
	};
	ssize_t function = find_function(report, function_of(record));
	ssize_t namespace = find_namespace(report, json_string(record, "namespace"));
	struct report_stray *more;
	struct report_function *f;

	more = reallocarray(report->strays, report->nr_strays + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	report->strays = more;
	if (function < 0 || namespace < 0)
		return -ENOMEM;
	stray.function = function;
	stray.namespace = namespace;
	f = &report->functions[function];
	f->newest = report->nr_strays;
	f->count += stray.count;
	if (stray.last > f->last)
		f->last = stray.last;
	if (stray.first >= 0 && (f->first < 0 || stray.first < f->first))
		f->first = stray.first;
	report->namespaces[namespace].count += stray.count;
	*(stray.stopped ? &report->stopped : &report->through) += stray.count;
	more[report->nr_strays++] = stray;
	return 0;
}

static const struct report_function *by_count_of;

static int by_count(const void *a, const void *b)
{
	const struct report_function *x = &by_count_of[*(const size_t *)a];
	const struct report_function *y = &by_count_of[*(const size_t *)b];

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return strcmp(x->name, y->name);
}

/* The most frequent function is number 1, and comes first. */
static int sort_functions(struct report *report)
{
	size_t n = report->nr_functions, i;
	struct report_function *sorted;
	size_t *order;

	if (!n)
		return 0;
	order = calloc(n, sizeof(*order));
	sorted = calloc(n, sizeof(*sorted));
	if (!order || !sorted) {
		free(order);
		free(sorted);
		return -ENOMEM;
	}
	for (i = 0; i < n; i++)
		order[i] = i;
	by_count_of = report->functions;
	qsort(order, n, sizeof(*order), by_count);
	for (i = 0; i < n; i++) {
		report->functions[order[i]].number = i + 1;
		sorted[i] = report->functions[order[i]];
	}
	for (i = 0; i < report->nr_strays; i++)
		report->strays[i].function =
			report->functions[report->strays[i].function].number - 1;
	free(order);
	free(report->functions);
	report->functions = sorted;
	return 0;
}

/* Return: 0, or a negative error, after which no report can be made. */
static int gather(struct report *report, struct ndctl_ctx *ctx)
{
	struct selection all = { };
	struct json_object *record;
	time_t now = time(NULL);
	int error;
	size_t i;

	strftime(report->made, sizeof(report->made), "%FT%TZ", gmtime(&now));
	error = module_get(&report->state);
	if (error)
		return error;
	facts_get(&report->facts);
	error = select_each(ctx, &all, add_namespace, report);
	for (i = 0; !error && i < report->state.count; i++)
		if (find_namespace(report, report->state.namespaces[i].device) < 0)
			error = -ENOMEM;
	if (report->nr_namespaces)
		qsort(report->namespaces, report->nr_namespaces, sizeof(*report->namespaces),
		      by_name);
	for (i = 0; !error && report->records && i < json_object_array_length(report->records);
	     i++) {
		record = json_object_array_get_idx(report->records, i);
		if (since_has(&report->since, json_string(record, "time")))
			error = add_stray(report, record);
	}
	return error ?: sort_functions(report);
}

static void release(struct report *report)
{
	while (report->nr_functions)
		free(report->functions[--report->nr_functions].name);
	while (report->nr_namespaces)
		json_object_put(report->namespaces[--report->nr_namespaces].object);
	free(report->functions);
	free(report->namespaces);
	free(report->strays);
	facts_put(&report->facts);
	module_put(&report->state);
	json_object_put(report->records);
}

static const char *s(unsigned long long count)
{
	return count == 1 ? "" : "s";
}

/**
 * report_summary() - the report in one sentence or two
 * @report: it
 * @line: of REPORT_LINE bytes
 */
void report_summary(const struct report *report, char *line)
{
	unsigned long long all = report->through + report->stopped;
	size_t hit = 0, i;

	for (i = 0; i < report->nr_namespaces; i++)
		hit += !!report->namespaces[i].count;
	if (!report->state.loaded)
		snprintf(line, REPORT_LINE, "The module pmem_pks is not loaded.");
	else if (!report->records)
		snprintf(line, REPORT_LINE,
			 "The records of stray accesses could not be read. %llu stray write%s counted.",
			 report->state.stray_writes,
			 report->state.stray_writes == 1 ? " was" : "s were");
	else if (!all && !report->nr_strays)
		snprintf(line, REPORT_LINE, "No record of a stray access%s%s.",
			 *report->since.time ? " since " : "", report->since.time);
	else
		snprintf(line, REPORT_LINE,
			 "%llu stray access%s of %zu function%s to %zu namespace%s. %llu %s let through: their bytes are in the memory. %llu %s not performed.",
			 all, all == 1 ? "" : "es", report->nr_functions,
			 s(report->nr_functions), hit, s(hit), report->through,
			 report->through == 1 ? "was" : "were", report->stopped,
			 report->stopped == 1 ? "was" : "were");
}

/**
 * report_state() - how a namespace is, in a line
 * @report: the report
 * @namespace: the namespace
 * @line: of REPORT_LINE bytes; nothing in it needs care but what text_of() leaves
 */
void report_state(const struct report *report, const struct report_namespace *namespace,
		  char *line)
{
	const struct module_namespace *ns = namespace->ns;
	struct json_object *object = namespace->object;
	char *end = line + REPORT_LINE, *at = line;

	*line = '\0';
	if (object && *json_string(object, "name"))
		at += snprintf(at, end - at, "named \"%s\", ",
			       text_of(json_string(object, "name")).s);
	if (object)
		at += snprintf(at, end - at, "%s, %s, ",
			       text_of(*json_string(object, "mode") ?
				       json_string(object, "mode") : "no mode").s,
			       text_of(json_string(object, "size")).s);
	if (!ns) {
		snprintf(at, end - at, "%s",
			 object && report->state.loaded ? "not known to the module" :
			 object ? "not protected" : "it is no longer there");
		return;
	}
	at += snprintf(at, end - at, "%s, key %llu%s, ",
		       ns->protected ? "protected" : "NOT protected", ns->key,
		       ns->key_shared ? " (shared)" : "");
	at += snprintf(at, end - at, "mode %s%s, stray writes %llu, pinned writes %llu",
		       module_effective_mode(&report->state, ns),
		       strcmp(ns->mode, "inherit") ? " (its own)" : "", ns->stray_writes,
		       ns->pinned_writes);
	if (ns->aliases)
		snprintf(at, end - at, ", further mappings without a key %llu", ns->aliases);
}

static void print_facts(FILE *file, const struct report *report)
{
	const struct fact *fact = report->facts.list, *end = fact + report->facts.count;
	const char *of = "";

	for (; fact < end; fact++) {
		if (strcmp(of, fact->of))
			fprintf(file, "\n%s\n", fact->of);
		of = fact->of;
		fprintf(file, "  %-16s %s\n", text_of(fact->name).s, text_of(fact->value).s);
	}
	if (!report->state.loaded)
		return;
	fprintf(file, "\nCounted since the module was loaded\n");
	fprintf(file, "  %-16s %s\n", "Mode", report->state.mode);
	fprintf(file, "  %-16s %llu\n", "Stray writes", report->state.stray_writes);
	fprintf(file, "  %-16s %llu\n", "Stray reads", report->state.stray_reads);
	fprintf(file, "  %-16s %llu\n", "Pinned writes", report->state.pinned_writes);
	fprintf(file, "  %-16s %llu\n", "Fail-open", report->state.fail_open);
}

/* A line with the number of the function at each place that was hit: 1 to 9, or "*" */
static void print_map(FILE *file, const struct report *report, size_t namespace)
{
	unsigned long long size = report->namespaces[namespace].size;
	char map[MAP_COLUMNS + 1], *place;
	const struct report_stray *stray;

	if (!size || !report->namespaces[namespace].count)
		return;
	memset(map, '.', MAP_COLUMNS);
	map[MAP_COLUMNS] = '\0';
	for (stray = report->strays; stray < report->strays + report->nr_strays; stray++) {
		if (stray->namespace != namespace || stray->offset >= size)
			continue;
		place = &map[(size_t)((double)stray->offset / size * MAP_COLUMNS)];
		*place = *place == '.' && stray->function < 9 ? '1' + stray->function : '*';
	}
	fprintf(file, "    0 [%s] %#llx\n", map, size);
}

static void print_stack(FILE *file, struct json_object *record)
{
	struct json_object *stack;
	size_t i;

	if (!json_object_object_get_ex(record, "stack", &stack) ||
	    !json_object_is_type(stack, json_type_array))
		return;
	for (i = 0; i < json_object_array_length(stack); i++)
		fprintf(file, "       %s\n",
			text_of(json_object_get_string(json_object_array_get_idx(stack, i)) ?:
				"").s);
}

static struct text member(const struct report_stray *stray, const char *name)
{
	return text_of(json_string(stray->record, name));
}

/* In printable ASCII, as the rest */
static void print_json(FILE *file, struct json_object *record)
{
	text_print(file, json_object_to_json_string_ext(record, JSON_C_TO_STRING_PLAIN |
							JSON_C_TO_STRING_NOSLASHESCAPE));
	fputc('\n', file);
}

static void print_strays(FILE *file, const struct report *report)
{
	const struct report_stray *stray;
	size_t i;

	fprintf(file, "\nBy whom\n");
	for (i = 0; i < report->nr_functions; i++) {
		fprintf(file, "  %zu. %s: %llu time%s\n", i + 1,
			text_of(report->functions[i].name).s, report->functions[i].count,
			s(report->functions[i].count));
		print_stack(file, report->strays[report->functions[i].newest].record);
	}
	fprintf(file, "\nWhen (UTC), the newest last\n");
	for (stray = report->strays; stray < report->strays + report->nr_strays; stray++)
		fprintf(file,
			"  %s  %s+0x%llx  %s of %s bytes by %zu, %s, in %s, task %s:%s, CPU %s, %llu time%s since %s\n",
			member(stray, "time").s, member(stray, "namespace").s, stray->offset,
			member(stray, "access").s, member(stray, "bytes").s,
			stray->function + 1, member(stray, "outcome").s,
			member(stray, "context").s, member(stray, "comm").s,
			member(stray, "pid").s, member(stray, "cpu").s, stray->count,
			s(stray->count), member(stray, "first").s);
	fprintf(file, "\nThe records, as JSON\n");
	for (stray = report->strays; stray < report->strays + report->nr_strays; stray++)
		print_json(file, stray->record);
}

static void print_text(FILE *file, const struct report *report)
{
	char line[REPORT_LINE];
	size_t i;

	report_summary(report, line);
	fprintf(file, "pmem-pks report of %s, by ndctl-pks %s\n\n%s\n", report->made, VERSION,
		line);
	print_facts(file, report);
	fprintf(file, "\nNamespaces\n");
	for (i = 0; i < report->nr_namespaces; i++) {
		report_state(report, &report->namespaces[i], line);
		fprintf(file, "  %s: %s\n", text_of(report->namespaces[i].name).s, line);
		print_map(file, report, i);
	}
	if (report->nr_strays)
		print_strays(file, report);
}

static void print_html(FILE *file, void *arg)
{
	html_print(file, arg);
}

static int print(struct report *report, const char *html)
{
	if (!html)
		print_text(stdout, report);
	else if (!strcmp(html, "-"))
		html_print(stdout, report);
	else
		return output_replace(html, 0600, print_html, report);
	return 0;
}

const struct option report_options[] = {
	{ "html", required_argument, NULL, 'H' },
	{ "since", required_argument, NULL, 's' },
	{ }
};

/**
 * report_run() - the command
 * @ctx: libndctl's
 * @command: its row
 * @argc: how many arguments
 * @argv: they
 *
 * A report without its records is still one. The exit status says what is missing.
 *
 * Return: the exit status.
 */
int report_run(struct ndctl_ctx *ctx, const struct command *command, int argc, char **argv)
{
	struct report report = { };
	const char *html = NULL;
	int ret, error = 0;

	while ((ret = getopt_long(argc, argv, "s:", command->options, NULL)) != -1) {
		if (ret == 'H')
			html = optarg;
		else if (ret != 's')
			return option_error(command, argv);
		else if (!since_parse(&report.since, optarg))
			return status_of(-EINVAL);
	}
	if (optind < argc)
		return usage_error(command);
	if (module_is_loaded()) {
		error = module_records(&report.records);
		if (error) {
			report.records = NULL;
			error = records_why_none(error);
		}
	}
	ret = gather(&report, ctx);
	if (!ret)
		ret = print(&report, html);
	else
		warnx("no report: %s", strerror(-ret));
	release(&report);
	return status_of(ret ?: error);
}
