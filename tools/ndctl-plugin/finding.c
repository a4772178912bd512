// SPDX-License-Identifier: GPL-2.0
/*
 * What a check has found: one thing, whether it is as it is to be, and if not, how to get
 * it. What is in it may be printed: who tells a finding has made foreign text fit.
 */
#include <stdarg.h>

#include "finding.h"

/**
 * finding_tell() - make a finding, and hand it on
 * @to: who gets it
 * @verdict: whether it is as it is to be
 * @part: what it is of
 * @name: its name
 * @how: how to get what is missing, or NULL
 * @format: what was found, in a few words
 */
void finding_tell(const struct listener *to, enum finding_verdict verdict, const char *part,
		  const char *name, const char *how, const char *format, ...)
{
	struct finding finding = {
		.part = part, .name = name, .verdict = verdict, .how = how,
	};
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	finding.text = text;
	to->hear(to->arg, &finding);
}

/**
 * finding_print() - print a finding as a line, and how to get what is missing as another
 * @file: where to
 * @finding: the finding
 */
void finding_print(FILE *file, const struct finding *finding)
{
	fprintf(file, "%-9s %-40s %s\n", finding->part, finding->name, finding->text);
	if (finding->how)
		fprintf(file, "%9s -> %s\n", "", finding->how);
}
