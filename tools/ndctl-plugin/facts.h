/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NDCTL_PKS_FACTS_H
#define NDCTL_PKS_FACTS_H

#include <stddef.h>

struct fact {
	const char *of;			/* "Machine", "Kernel" or "Module" */
	char *name;
	char *value;			/* as it was found, whatever is in it */
};

struct facts {
	struct fact *list;
	size_t count;
};

void facts_get(struct facts *facts);
void facts_put(struct facts *facts);

#endif
