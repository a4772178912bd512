/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NDCTL_PKS_HOLDERS_H
#define NDCTL_PKS_HOLDERS_H

#include "finding.h"
#include "needs.h"

void holders_check(struct needs_kernel *kernel, const struct listener *to);

#endif
