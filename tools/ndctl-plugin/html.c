// SPDX-License-Identifier: GPL-2.0
/*
 * A report as one file of HTML: inline SVG and CSS, no script, nothing from elsewhere.
 *
 * What comes from others goes through put(), which leaves printable ASCII and escapes
 * what means something to HTML, in text and in attributes. The policy in the head
 * forbids scripts and the network all the same.
 *
 * A mark is filled if the bytes are in the memory, and hollow if the access was not
 * performed, so that it can be told in print, too.
 */
#include <stdarg.h>
#include <string.h>

#include "array.h"
#include "json.h"
#include "report.h"
#include "text.h"

/* Of the drawings, in units of about a pixel */
#define WIDTH		1000
#define MARGIN		12
#define SPAN		(WIDTH - 2 * MARGIN)
#define ROW		24
/* The timeline has names at the left */
#define NAMES		330
/* So many functions are in the timeline */
#define ROWS_MAX	40
/* The numbers above a map: so close together they go to the next of the rows */
#define NUMBER_WIDTH	30
#define NUMBER_ROWS	3

static const char head[] =
	"<!DOCTYPE html>\n"
	"<html lang=\"en\">\n"
	"<head>\n"
	"<meta charset=\"utf-8\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<meta name=\"color-scheme\" content=\"light dark\">\n"
	"<title>pmem-pks report</title>\n"
	"<style>\n"
	":root { --back: #ffffff; --text: #1c2128; --soft: #59636e; --line: #d1d9e0; --panel: #f4f6f8;\n"
	"  --hit: #c62828; --stop: #0b5cad; --bar: #dde3e9; --own: #b4bec8; }\n"
	"@media (prefers-color-scheme: dark) {\n"
	"  :root { --back: #12161c; --text: #e6eaef; --soft: #9aa6b2; --line: #343d47; --panel: #1b2129;\n"
	"    --hit: #ff7b72; --stop: #79b8ff; --bar: #2b343e; --own: #47525e; }\n"
	"}\n"
	"* { box-sizing: border-box; }\n"
	"body { margin: 0; background: var(--back); color: var(--text);\n"
	"  font: 15px/1.5 system-ui, \"Segoe UI\", Roboto, \"DejaVu Sans\", sans-serif;\n"
	"  print-color-adjust: exact; -webkit-print-color-adjust: exact; }\n"
	"main { max-width: 1064px; margin: 0 auto; padding: 24px 32px 48px; }\n"
	"h1 { font-size: 26px; line-height: 1.2; margin: 0; }\n"
	"h2 { font-size: 19px; margin: 36px 0 8px; padding-bottom: 4px; border-bottom: 1px solid var(--line); }\n"
	"h3 { font-size: 15px; margin: 20px 0 4px; overflow-wrap: anywhere; }\n"
	"p { margin: 4px 0 12px; }\n"
	".soft { color: var(--soft); }\n"
	".answer { font-size: 17px; background: var(--panel); border-left: 5px solid var(--stop);\n"
	"  padding: 10px 14px; margin: 16px 0; }\n"
	".answer.bad { border-color: var(--hit); }\n"
	".off { color: var(--hit); font-weight: 600; }\n"
	".facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(290px, 1fr)); gap: 0 32px; }\n"
	"dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 14px; margin: 0; }\n"
	"dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }\n"
	"figure { margin: 8px 0 0; } svg { display: block; width: 100%; height: auto; }\n"
	"svg text { fill: var(--text); font-size: 13px; } svg .soft { fill: var(--soft); }\n"
	".bar { fill: var(--bar); } .own { fill: var(--own); } .axis { stroke: var(--line); }\n"
	".hit { fill: var(--hit); stroke: var(--hit); stroke-width: 2; }\n"
	".stop { fill: var(--back); stroke: var(--stop); stroke-width: 2; }\n"
	"line.hit, line.stop { stroke-width: 2.5; }\n"
	".scroll { overflow-x: auto; }\n"
	"table { border-collapse: collapse; width: 100%; font-size: 13px; }\n"
	"th, td { text-align: left; vertical-align: top; padding: 4px 10px 4px 0;\n"
	"  border-bottom: 1px solid var(--line); overflow-wrap: break-word; }\n"
	"th { color: var(--soft); font-weight: 600; white-space: nowrap; }\n"
	".keep { white-space: nowrap; }\n"
	"pre { font: 12.5px/1.45 ui-monospace, \"DejaVu Sans Mono\", Menlo, Consolas, monospace;\n"
	"  background: var(--panel); border: 1px solid var(--line); padding: 8px 12px; margin: 6px 0;\n"
	"  overflow-wrap: anywhere; white-space: pre-wrap; }\n"
	"summary { cursor: pointer; margin-top: 36px; }\n"
	"@media print {\n"
	"  :root { --back: #ffffff; --text: #000000; --soft: #444444; --line: #999999; --panel: #ffffff;\n"
	"    --hit: #b00000; --stop: #003f8a; --bar: #e4e4e4; --own: #c0c0c0; }\n"
	"  @page { margin: 15mm; }\n"
	"  details { display: none; }\n"
	"  figure, tr, pre, .facts > div { break-inside: avoid; }\n"
	"  h2, h3 { break-after: avoid; }\n"
	"  main { padding: 0; font-size: 10pt; }\n"
	"  .scroll { overflow: visible; }\n"
	"  table { font-size: 7pt; }\n"
	"  th, td { padding-right: 6px; } td:last-child { overflow-wrap: anywhere; }\n"
	"  pre { font-size: 8pt; }\n"
	"}\n"
	"</style>\n"
	"</head>\n"
	"<body>\n"
	"<main>\n";

/* Text of others, of at most TEXT_LEN bytes */
static void put(FILE *file, const char *raw)
{
	struct text text = text_of(raw);
	const char *c;

	for (c = text.s; *c; c++) {
		switch (*c) {
		case '<':
			fputs("&lt;", file);
			break;
		case '>':
			fputs("&gt;", file);
			break;
		case '&':
			fputs("&amp;", file);
			break;
		case '"':
			fputs("&quot;", file);
			break;
		case '\'':
			fputs("&#39;", file);
			break;
		default:
			fputc(*c, file);
		}
	}
}

/* The same, however long it is */
static void put_all(FILE *file, const char *raw)
{
	char part[TEXT_LEN + 1];
	size_t len;

	for (; *raw; raw += len) {
		len = strnlen(raw, TEXT_LEN);
		memcpy(part, raw, len);
		part[len] = '\0';
		put(file, part);
	}
}

static void put_member(FILE *file, const struct report_stray *stray, const char *name)
{
	put(file, json_string(stray->record, name));
}

/* A name, or what stands for one that is missing */
static void put_name(FILE *file, const char *name)
{
	put(file, *name ? name : "(no name)");
}

/* An explanation, of ours */
static void print_note(FILE *file, const char *html)
{
	fprintf(file, "<p class=\"soft\">%s</p>\n", html);
}

static const char *class_of(const struct report_stray *stray)
{
	return stray->stopped ? "stop" : "hit";
}

static void put_bytes(FILE *file, double bytes)
{
	static const char * const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	size_t unit = 0;

	while (bytes >= 1024 && unit < 6) {
		bytes /= 1024;
		unit++;
	}
	fprintf(file, "%.4g %s", bytes, units[unit]);
}

static void put_time(FILE *file, double seconds)
{
	time_t whole = seconds;
	char text[64];
	struct tm tm;

	if (gmtime_r(&whole, &tm) && strftime(text, sizeof(text), "%F %T", &tm))
		fputs(text, file);
}

static void print_head(FILE *file, const struct report *report)
{
	char line[REPORT_LINE];

	fputs(head, file);
	fprintf(file, "<h1>pmem-pks report</h1>\n<p class=\"soft\">Made %s by ndctl-pks %s",
		report->made, VERSION);
	if (*report->since.time)
		fprintf(file, ", of records since %sZ", report->since.time);
	report_summary(report, line);
	fprintf(file, ". All times are UTC.</p>\n<p class=\"answer%s\">",
		report->through || !report->records ? " bad" : "");
	put_all(file, line);
	fputs("</p>\n", file);
}

static void print_fact(FILE *file, const char *name, const char *value)
{
	fputs("<dt>", file);
	put(file, name);
	fputs("</dt><dd>", file);
	put_all(file, value);
	fputs("</dd>\n", file);
}

static void print_count(FILE *file, const char *name, unsigned long long count)
{
	char value[32];

	snprintf(value, sizeof(value), "%llu", count);
	print_fact(file, name, value);
}

static void print_facts(FILE *file, const struct report *report)
{
	const struct fact *fact = report->facts.list, *end = fact + report->facts.count;
	const struct module_state *state = &report->state;
	const char *of = "";

	fputs("<h2>Machine, kernel and module</h2>\n<div class=\"facts\">\n", file);
	for (; fact < end; fact++) {
		if (strcmp(of, fact->of))
			fprintf(file, "%s<div>\n<h3>%s</h3>\n<dl>\n", *of ? "</dl>\n</div>\n" : "",
				fact->of);
		of = fact->of;
		print_fact(file, fact->name, fact->value);
	}
	if (*of)
		fputs("</dl>\n</div>\n", file);
	if (state->loaded) {
		fputs("<div>\n<h3>Since the module was loaded</h3>\n<dl>\n", file);
		print_fact(file, "Mode", state->mode);
		print_count(file, "Stray writes", state->stray_writes);
		print_count(file, "Stray reads", state->stray_reads);
		print_count(file, "Pinned writes", state->pinned_writes);
		print_count(file, "Fail-open", state->fail_open);
		fputs("</dl>\n</div>\n", file);
	}
	fputs("</div>\n", file);
}

/* What is shown of a stray when the pointer rests on its mark */
static void print_hint(FILE *file, const struct report *report,
		       const struct report_stray *stray)
{
	fputs("<title>", file);
	put_member(file, stray, "time");
	fprintf(file, ", %zu. ", stray->function + 1);
	put(file, report->functions[stray->function].name);
	fprintf(file, ", offset 0x%llx, ", stray->offset);
	put_member(file, stray, "outcome");
	fputs("</title>", file);
}

static void print_line(FILE *file, const char *class, double x1, double x2, double y1,
		       double y2)
{
	fprintf(file,
		"<line class=\"%s\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"></line>\n",
		class, x1, x2, y1, y2);
}

/* A place to the right in a drawing */
static double across(double part, double start, double width)
{
	return start + (part < 0 ? 0 : part > 1 ? 1 : part) * width;
}

static void print_mark(FILE *file, const struct report *report,
		       const struct report_stray *stray, double x, double y)
{
	fprintf(file, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"5\">", class_of(stray), x,
		y);
	print_hint(file, report, stray);
	fputs("</circle>\n", file);
}

/* Where numbers are: the x of each, or 0 */
struct numbers {
	double taken[NUMBER_ROWS][SPAN / NUMBER_WIDTH + 1];
};

/* Find room for the number above a mark. Return: the row, from 0, or -1 if there is none. */
static int number_row(struct numbers *numbers, double x)
{
	size_t slot = (x - MARGIN) / NUMBER_WIDTH;
	double *here;
	bool free;
	int row;

	for (row = 0; row < NUMBER_ROWS; row++) {
		here = &numbers->taken[row][slot];
		free = !*here;
		if (slot)
			free &= !here[-1] || x - here[-1] >= NUMBER_WIDTH;
		if (slot < SPAN / NUMBER_WIDTH)
			free &= !here[1] || here[1] - x >= NUMBER_WIDTH;
		if (free) {
			*here = x;
			return row;
		}
	}
	return -1;
}

static double place_of(const struct report *report, const struct report_stray *stray)
{
	double size = report->namespaces[stray->namespace].size;

	return across(stray->offset / size, MARGIN, SPAN);
}

/* How many rows of numbers a map has */
static int number_rows(const struct report *report, size_t namespace)
{
	const struct report_stray *stray, *end = report->strays + report->nr_strays;
	struct numbers numbers = { };
	int rows = 0, row;

	for (stray = report->strays; stray < end; stray++) {
		if (stray->namespace != namespace)
			continue;
		row = number_row(&numbers, place_of(report, stray));
		if (row >= rows)
			rows = row + 1;
	}
	return rows;
}

static void print_map(FILE *file, const struct report *report, size_t namespace)
{
	struct numbers numbers = { };
	double x;
	unsigned long long size = report->namespaces[namespace].size;
	const double bar = number_rows(report, namespace) * 15 + 20, y = bar - 8;
	const struct report_stray *stray, *end = report->strays + report->nr_strays;
	int quarter, row;

	fprintf(file,
		"<figure><svg viewBox=\"0 0 %d %.0f\" role=\"img\" aria-label=\"Map of the namespace\">\n",
		WIDTH, bar + 52);
	fprintf(file,
		"<rect class=\"bar\" x=\"%d\" y=\"%.0f\" width=\"%d\" height=\"28\"></rect>\n",
		MARGIN, bar, SPAN);
	for (quarter = 0; quarter <= 4; quarter++) {
		x = across(quarter / 4.0, MARGIN, SPAN);
		print_line(file, "axis", x, x, bar + 28, bar + 34);
		fprintf(file,
			"<text class=\"soft\" x=\"%.1f\" y=\"%.0f\" text-anchor=\"%s\">",
			x, bar + 48, quarter == 0 ? "start" : quarter == 4 ? "end" : "middle");
		put_bytes(file, quarter / 4.0 * size);
		fputs("</text>\n", file);
	}
	for (stray = report->strays; stray < end; stray++) {
		if (stray->namespace != namespace)
			continue;
		x = place_of(report, stray);
		print_line(file, class_of(stray), x, x, y, bar + 28);
		print_mark(file, report, stray, x, y);
		row = number_row(&numbers, x);
		if (row >= 0)
			fprintf(file,
				"<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%zu</text>\n",
				x, y - 10 - row * 15, stray->function + 1);
	}
	fputs("</svg></figure>\n", file);
}

static void print_namespaces(FILE *file, const struct report *report)
{
	const struct report_namespace *namespace;
	char line[REPORT_LINE];
	size_t i;

	fputs("<h2>Where</h2>\n", file);
	if (!report->nr_namespaces)
		fputs("<p>There is no namespace of persistent memory.</p>\n", file);
	else if (report->nr_strays)
		print_note(file,
			   "A mark is the last access of a record, with the number of its function\n"
			   "(see below). Filled: the bytes are there. Hollow: the access was not\n"
			   "performed. A map is of the kernel's mapping, which may begin with the\n"
			   "kernel's own data on the pages.");
	for (i = 0; i < report->nr_namespaces; i++) {
		namespace = &report->namespaces[i];
		fputs("<h3>", file);
		put_name(file, namespace->name);
		fputs("</h3>\n", file);
		report_state(report, namespace, line);
		fprintf(file, "<p%s>", namespace->ns && namespace->ns->protected ? "" :
			" class=\"off\"");
		put_all(file, line);
		fputs("</p>\n", file);
		if (namespace->count && namespace->size)
			print_map(file, report, i);
		else if (namespace->count)
			print_note(file, "Its size is not known, so there is no map.");
	}
}

static void print_row(FILE *file, const struct report *report, size_t function, double first,
		      double span)
{
	const struct report_function *f = &report->functions[function];
	const double y = ROW * (double)function + ROW / 2.0, width = SPAN - NAMES;
	const struct report_stray *stray, *end = report->strays + report->nr_strays;
	char name[40];
	double x;

	snprintf(name, sizeof(name), "%s", f->name);
	if (strlen(f->name) > 36)
		memcpy(name + 33, "...", sizeof("..."));
	fprintf(file, "<text x=\"%d\" y=\"%.1f\">%zu. ", MARGIN, y + 4, function + 1);
	put(file, name);
	fputs("</text>\n", file);
	print_line(file, "axis", MARGIN + NAMES, WIDTH - MARGIN, y, y);
	for (stray = report->strays; stray < end; stray++) {
		if (stray->function != function || stray->last < 0)
			continue;
		x = across((stray->last - first) / span, MARGIN + NAMES, width);
		if (stray->first >= 0)
			print_line(file, class_of(stray),
				   across((stray->first - first) / span, MARGIN + NAMES, width),
				   x, y, y);
		print_mark(file, report, stray, x, y);
	}
}

static void print_timeline(FILE *file, const struct report *report)
{
	size_t rows = report->nr_functions < ROWS_MAX ? report->nr_functions : ROWS_MAX, i;
	const struct report_function *f = report->functions;
	double first = -1, last = -1;
	const double bottom = ROW * (double)rows + 18;

	for (i = 0; i < report->nr_functions; i++) {
		if (f[i].first >= 0 && (first < 0 || f[i].first < first))
			first = f[i].first;
		if (f[i].last > last)
			last = f[i].last;
	}
	fputs("<h2>When</h2>\n", file);
	if (first < 0 || last < first) {
		fputs("<p>The records have no times.</p>\n", file);
		return;
	}
	print_note(file,
		   "A line goes from the first access of a record to the last one, where its\n"
		   "mark is.");
	fprintf(file,
		"<figure><svg viewBox=\"0 0 %d %.0f\" role=\"img\" aria-label=\"Timeline\">\n",
		WIDTH, bottom + 8);
	for (i = 0; i < rows; i++)
		print_row(file, report, i, first, last > first ? last - first : 1);
	fprintf(file, "<text class=\"soft\" x=\"%d\" y=\"%.0f\">", MARGIN + NAMES, bottom);
	put_time(file, first);
	fprintf(file, "</text>\n<text class=\"soft\" x=\"%d\" y=\"%.0f\" text-anchor=\"end\">",
		WIDTH - MARGIN, bottom);
	put_time(file, last);
	fputs("</text>\n</svg></figure>\n", file);
	if (rows < report->nr_functions)
		fprintf(file, "<p class=\"soft\">%zu more functions are not drawn.</p>\n",
			report->nr_functions - rows);
}

static void print_stack(FILE *file, struct json_object *record)
{
	struct json_object *stack;
	size_t i;

	if (!json_object_object_get_ex(record, "stack", &stack) ||
	    !json_object_is_type(stack, json_type_array) || !json_object_array_length(stack))
		return;
	fputs("<pre>", file);
	for (i = 0; i < json_object_array_length(stack); i++) {
		put(file, json_object_get_string(json_object_array_get_idx(stack, i)) ?: "");
		fputc('\n', file);
	}
	fputs("</pre>\n", file);
}

static void print_functions(FILE *file, const struct report *report)
{
	size_t i;

	fputs("<h2>By whom</h2>\n", file);
	print_note(file,
		   "The functions that executed the access, and the stack of the last one of\n"
		   "each: what is below in it called what is above.");
	for (i = 0; i < report->nr_functions; i++) {
		fprintf(file, "<h3>%zu. ", i + 1);
		put(file, report->functions[i].name);
		fprintf(file, ": %llu time%s</h3>\n", report->functions[i].count,
			report->functions[i].count == 1 ? "" : "s");
		print_stack(file, report->strays[report->functions[i].newest].record);
	}
}

static void print_cell(FILE *file, const struct report_stray *stray, const char *name)
{
	fputs("<td>", file);
	put_member(file, stray, name);
	fputs("</td>", file);
}

static void print_records(FILE *file, const struct report *report)
{
	static const char * const headings[] = {
		"Last", "Count", "Where", "Access", "By", "Outcome", "Context", "Task",
	};
	const struct report_stray *stray, *end = report->strays + report->nr_strays;
	size_t i;

	fputs("<h2>The records</h2>\n", file);
	print_note(file,
		   "One for each instruction and namespace. It tells of the last access and\n"
		   "counts all.");
	fputs("<div class=\"scroll\">\n<table>\n<tr>", file);
	for (i = 0; i < ARRAY_SIZE(headings); i++)
		fprintf(file, "<th>%s</th>", headings[i]);
	fputs("</tr>\n", file);
	for (stray = report->strays; stray < end; stray++) {
		fputs("<tr><td class=\"keep\">", file);
		if (stray->last >= 0)
			put_time(file, stray->last);
		fprintf(file, "</td><td>%llu</td><td>", stray->count);
		put_name(file, json_string(stray->record, "namespace"));
		fprintf(file, "+0x%llx", stray->offset);
		if (*json_string(stray->record, "page_index")) {
			fputs("<br>page ", file);
			put_member(file, stray, "page_index");
			fputs(" of its file", file);
		}
		fputs("</td><td>", file);
		put_member(file, stray, "access");
		fputs(" of ", file);
		put_member(file, stray, "bytes");
		fprintf(file, " bytes</td><td>%zu</td>", stray->function + 1);
		print_cell(file, stray, "outcome");
		print_cell(file, stray, "context");
		fputs("<td>", file);
		put_member(file, stray, "comm");
		fputc(':', file);
		put_member(file, stray, "pid");
		fputs("<br>CPU ", file);
		put_member(file, stray, "cpu");
		fputs("</td></tr>\n", file);
	}
	fputs("</table>\n</div>\n<details>\n"
	      "<summary>The same as JSON, with all that the module says</summary>\n<pre>",
	      file);
	for (stray = report->strays; stray < end; stray++) {
		put_all(file, json_object_to_json_string_ext(stray->record,
							     JSON_C_TO_STRING_PLAIN));
		fputc('\n', file);
	}
	fputs("</pre>\n</details>\n", file);
}

/**
 * html_print() - print a report
 * @file: where to
 * @report: it
 */
void html_print(FILE *file, const struct report *report)
{
	print_head(file, report);
	print_namespaces(file, report);
	if (report->nr_strays) {
		print_timeline(file, report);
		print_functions(file, report);
	}
	print_facts(file, report);
	if (report->nr_strays)
		print_records(file, report);
	fputs("</main>\n</body>\n</html>\n", file);
}
