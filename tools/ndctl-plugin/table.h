/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NDCTL_PKS_TABLE_H
#define NDCTL_PKS_TABLE_H

#include <stdio.h>

#include <json-c/json.h>

void table_print(FILE *file, struct json_object *namespaces);

#endif
