/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NDCTL_PKS_JSON_H
#define NDCTL_PKS_JSON_H

#include <stdio.h>

#include <json-c/json.h>
#include <ndctl/libndctl.h>
#include <uuid/uuid.h>

#include "module.h"

#define JSON_HUMAN	1		/* sizes with units, numbers in hex */
#define JSON_DAX	2		/* the DAX region of a devdax namespace */
#define JSON_MAPPINGS	4		/* the DIMMs that a region is on */

struct json_object *json_bus(struct ndctl_bus *bus);
struct json_object *json_dimm(struct ndctl_dimm *dimm, int flags);
struct json_object *json_region(struct ndctl_region *region, int flags);
struct json_object *json_namespace(struct ndctl_namespace *ndns,
				   const struct module_state *state,
				   struct json_object *records, int flags);

const char *json_string(struct json_object *object, const char *name);
char *json_text(struct json_object *object, int form);
void json_print(FILE *file, struct json_object *object);
void json_print_line(FILE *file, struct json_object *object);

#endif
