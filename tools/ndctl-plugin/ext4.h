/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NDCTL_PKS_EXT4_H
#define NDCTL_PKS_EXT4_H

#include <stdbool.h>
#include <stddef.h>

#include "disk.h"

bool ext4_name(const struct disk_place *place, char *name, size_t size);

#endif
