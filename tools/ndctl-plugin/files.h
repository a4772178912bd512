/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NDCTL_PKS_FILES_H
#define NDCTL_PKS_FILES_H

#include <stdio.h>

#include <json-c/json.h>
#include <ndctl/libndctl.h>

void files_add(struct ndctl_ctx *ctx, struct json_object *records);
void files_print(FILE *out, struct json_object *record);

#endif
