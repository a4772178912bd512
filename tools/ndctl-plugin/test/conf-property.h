/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What holds for each text, be it a configuration or not: for the fuzzer, and for the
 * files that it has left.
 */
#ifndef NDCTL_PKS_TEST_CONF_PROPERTY_H
#define NDCTL_PKS_TEST_CONF_PROPERTY_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../conf.h"

/* Whether a text that was edited is as right as before, and has what was set. */
static bool conf_edited_well(const char *text, size_t len, const uuid_t uuid,
			     enum conf_key key, const char *value)
{
	char *new = conf_edit(text, len, uuid, key, value);
	const struct conf_value *now;
	struct conf_error error;
	struct conf conf = { };
	bool good = false;

	if (new && !conf_parse(&conf, "new", new, strlen(new), &error)) {
		now = conf_get(&conf, uuid, key);
		good = value ? now && !strcmp(now->text, value) : !now;
	}
	conf_free(&conf);
	free(new);
	return good;
}

/**
 * conf_property() - whether a text is refused, or stays right whatever is set in it
 * @text: the text
 * @len: how long it is
 */
static bool conf_property(const char *text, size_t len)
{
	static const uuid_t one = { 0x0a, 0x0a, 0x0a, 0x0a, 0, 0, 0x40, 0, 0x80, [15] = 1 };
	struct conf_error error;
	struct conf conf = { };
	/* Nothing may be read behind it */
	char *copy = malloc(len ?: 1);
	bool good = false;
	int ret;

	if (!copy)
		return false;
	memcpy(copy, text, len);
	error.why[0] = '\0';
	ret = conf_parse(&conf, "text", copy, len, &error);
	if (ret)
		good = ret == -EINVAL && error.line && *error.why;
	else
		good = conf_edited_well(copy, len, conf_all, CONF_MODE, "panic") &&
		       conf_edited_well(copy, len, conf_all, CONF_WRITERS, NULL) &&
		       conf_edited_well(copy, len, one, CONF_PROTECT, "no") &&
		       conf_edited_well(copy, len, one, CONF_MODE, NULL);
	conf_free(&conf);
	free(copy);
	return good;
}

#endif
