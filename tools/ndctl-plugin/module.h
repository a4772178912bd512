/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NDCTL_PKS_MODULE_H
#define NDCTL_PKS_MODULE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include <json-c/json.h>

#define MODULE_VALUE_LEN	4096

struct ndctl_namespace;

/* What the module says of a namespace. */
struct module_namespace {
	char device[NAME_MAX + 1];	/* the name of its directory */
	bool protected;
	unsigned long long key;
	bool key_shared;
	char mode[16];			/* its own, or "inherit" */
	unsigned long long stray_writes;
	unsigned long long pinned_writes;
	unsigned long long pinned_windows;
	unsigned long long aliases;
};

/* What it says of all. */
struct module_state {
	bool loaded;
	char mode[16];
	unsigned long long stray_writes;
	unsigned long long stray_reads;
	unsigned long long pinned_writes;
	unsigned long long pinned_windows;
	unsigned long long fail_open;
	struct module_namespace *namespaces;
	size_t count;
};

bool module_is_loaded(void);
bool module_is_live(void);
int module_get(struct module_state *state);
void module_put(struct module_state *state);
const char *module_device(struct ndctl_namespace *ndns);
bool module_is_mapped(struct ndctl_namespace *ndns);
bool module_is_ram(struct ndctl_namespace *ndns);
const struct module_namespace *module_find(const struct module_state *state,
					   const char *device);
const struct module_namespace *module_find_namespace(const struct module_state *state,
						     struct ndctl_namespace *ndns);
const char *module_effective_mode(const struct module_state *state,
				  const struct module_namespace *ns);

int module_read(const char *device, const char *file, char *value);
int module_parameter(const char *name, char *value);
int module_write(const char *device, const char *file, const char *value);
int module_open_strays(void);
int module_open_uevents(void);
bool module_take_uevents(int fd);
bool module_debugfs_is_mounted(void);
int module_records(struct json_object **records);
struct json_object *module_last(struct json_object *records, const char *device);

#endif
