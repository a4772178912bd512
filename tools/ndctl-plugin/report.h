/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NDCTL_PKS_REPORT_H
#define NDCTL_PKS_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include <json-c/json.h>

#include "facts.h"
#include "module.h"
#include "since.h"

/* One record */
struct report_stray {
	struct json_object *record;
	unsigned long long offset;	/* in the namespace's mapping */
	unsigned long long count;
	double first, last;		/* seconds since 1970, or -1 */
	size_t function;		/* which one, in report.functions */
	size_t namespace;		/* in report.namespaces */
	bool stopped;			/* it was not performed */
};

/* The strays of one function, whatever instruction of it */
struct report_function {
	char *name;			/* without an offset */
	unsigned long long count;
	size_t newest;			/* in report.strays: its stack stands for all */
	double first, last;
	size_t number;			/* from 1; 1 did it most often */
};

struct report_namespace {
	const char *name;		/* the module's */
	struct json_object *object;	/* as list has it, or NULL: it is no more */
	const struct module_namespace *ns;	/* NULL: the module does not know it */
	unsigned long long size;	/* of the mapping, or 0 if that is not known */
	unsigned long long count;	/* strays in the records */
};

/* All that a report says. What comes from others is in it as it was found. */
struct report {
	char made[sizeof("2026-11-22T00:42:40Z")];
	struct since since;
	struct facts facts;
	struct module_state state;
	struct json_object *records;	/* NULL: they could not be read */
	struct report_stray *strays;	/* the newest last */
	size_t nr_strays;
	struct report_function *functions;	/* the most frequent one first */
	size_t nr_functions;
	struct report_namespace *namespaces;
	size_t nr_namespaces;
	unsigned long long through;	/* of the records: how many strays left their bytes */
	unsigned long long stopped;
};

/* The longest of report_summary() and report_state() */
#define REPORT_LINE	1024

void report_summary(const struct report *report, char *line);
void report_state(const struct report *report, const struct report_namespace *namespace,
		  char *line);

void html_print(FILE *file, const struct report *report);

#endif
