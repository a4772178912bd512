/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NDCTL_PKS_FINDING_H
#define NDCTL_PKS_FINDING_H

#include <stdio.h>

enum finding_verdict {
	FINDING_YES,		/* as it is to be */
	FINDING_NOTE,		/* it does not decide */
	FINDING_NO,
	FINDING_UNKNOWN,
};

struct finding {
	const char *part;	/* what it is of: "option", "hook" */
	const char *name;
	enum finding_verdict verdict;
	const char *text;
	const char *how;	/* how to get what is missing, or NULL */
};

/* Who gets the findings. */
struct listener {
	void (*hear)(void *arg, const struct finding *finding);
	void *arg;
};

__attribute__((format(printf, 6, 7)))
void finding_tell(const struct listener *to, enum finding_verdict verdict, const char *part,
		  const char *name, const char *how, const char *format, ...);
void finding_print(FILE *file, const struct finding *finding);

#endif
