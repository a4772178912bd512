/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NDCTL_PKS_OUTPUT_H
#define NDCTL_PKS_OUTPUT_H

#include <stdio.h>

#include <sys/types.h>

int output_replace(const char *output, mode_t mode,
		   void (*print)(FILE *file, void *arg), void *arg);

#endif
