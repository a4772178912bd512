/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NDCTL_PKS_CONF_H
#define NDCTL_PKS_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include <uuid/uuid.h>

enum conf_key { CONF_MODE, CONF_PROTECT, CONF_PINNED, CONF_WRITERS, CONF_KEYS };

struct conf_value {
	char *text;			/* NULL: not set */
	const char *file;		/* where it is set */
	unsigned int line;
};

/* What is set for one namespace. The null uuid stands for all of them. */
struct conf_section {
	uuid_t uuid;
	struct conf_value values[CONF_KEYS];
};

struct conf {
	struct conf_section *sections;
	size_t count;
};

struct conf_error {
	unsigned int line;		/* 0: it is of no line */
	char why[160];
};

extern const uuid_t conf_all;

bool conf_find_key(const char *name, enum conf_key *key);
const char *conf_key_name(enum conf_key key);
char *conf_check(const uuid_t uuid, enum conf_key key, const char *text,
		 struct conf_error *error);
int conf_parse(struct conf *conf, const char *file, const char *text, size_t len,
	       struct conf_error *error);
const struct conf_value *conf_get(const struct conf *conf, const uuid_t uuid,
				  enum conf_key key);
int conf_protects(const struct conf *conf, const uuid_t uuid);
char *conf_edit(const char *text, size_t len, const uuid_t uuid, enum conf_key key,
		const char *value);
void conf_free(struct conf *conf);

#endif
