// SPDX-License-Identifier: GPL-2.0
/*
 * The option --since: a time as a user gives it, and which records are not older.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "array.h"
#include "since.h"
#include "text.h"

/* "90", "15m", "2h" and "3d" ago: Return: seconds, or -1. */
static long long ago_of(const char *text)
{
	static const struct {
		const char *unit;
		long long seconds;
	} units[] = {
		{ "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 },
	};
	unsigned long long number;
	char *end;
	size_t i;

	if (*text == '-')
		text++;
	if (*text < '0' || *text > '9')
		return -1;
	number = strtoull(text, &end, 10);
	if (number > 1000000000)
		return -1;
	for (i = 0; i < ARRAY_SIZE(units); i++)
		if (!strcmp(end, units[i].unit))
			return number * units[i].seconds;
	return -1;
}

/**
 * since_parse() - read a time
 * @since: where to
 * @text: a local time, or UTC with a "Z" behind it, or so long ago
 *
 * Return: false if it is none, which was said.
 */
bool since_parse(struct since *since, const char *text)
{
	static const char * const formats[] = {
		"%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S",
		"%Y-%m-%d %H:%M:%S",
	};
	long long ago = ago_of(text);
	time_t seconds = -1;
	const char *end;
	struct tm tm;
	size_t i;

	if (ago >= 0)
		seconds = time(NULL) - ago;
	for (i = 0; ago < 0 && i < ARRAY_SIZE(formats); i++) {
		memset(&tm, 0, sizeof(tm));
		tm.tm_isdst = -1;
		end = strptime(text, formats[i], &tm);
		if (end && !*end)
			seconds = mktime(&tm);
		else if (end && !strcmp(end, "Z"))
			seconds = timegm(&tm);
	}
	if (seconds >= 0 && gmtime_r(&seconds, &tm) &&
	    strftime(since->time, sizeof(since->time), "%Y-%m-%dT%H:%M:%S", &tm))
		return true;
	warnx("%s is no time: take 2026-11-22, 2026-11-22T00:42:40Z, 15m, 2h or 3d",
	      text_of(text).s);
	return false;
}

/**
 * since_has() - whether a record is not older
 * @since: the time
 * @time: that of the record, in the same form, with a fraction perhaps
 */
bool since_has(const struct since *since, const char *time)
{
	return strncmp(time, since->time, strlen(since->time)) >= 0;
}
