/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NDCTL_PKS_CONFIGURED_H
#define NDCTL_PKS_CONFIGURED_H

#include <stdbool.h>

bool configured_to_load(void);

#endif
