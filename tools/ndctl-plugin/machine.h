/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NDCTL_PKS_MACHINE_H
#define NDCTL_PKS_MACHINE_H

#include <stdbool.h>

#include "finding.h"
#include "needs.h"

void machine_check_cpu(const struct listener *to);
void machine_check_module(struct needs_kernel *kernel, const char *release, bool runs,
			  const struct listener *to);

#endif
