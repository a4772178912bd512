// SPDX-License-Identifier: GPL-2.0
/*
 * Namespaces as a table: a heading, and one aligned line for each. It is made from the
 * objects that "list" prints as JSON, so both say the same.
 */
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "table.h"
#include "text.h"

struct column {
	const char *heading;
	const char *member;
	const char *of;			/* the object that it is in, if not the namespace */
};

static const struct column columns[] = {
	{ "DEV", "dev" },
	{ "MODE", "mode" },
	{ "SIZE", "size" },
	{ "PROTECTED", "protected", "pks" },
	{ "KEY", "key", "pks" },
	{ "FAULT-MODE", "effective_mode", "pks" },
	{ "STRAY", "stray_writes", "pks" },
	{ "PINNED", "pinned_writes", "pks" },
	{ "LAST-BY", "function", "last" },
};

#define COLUMNS		ARRAY_SIZE(columns)

static struct text cell(struct json_object *namespace, const struct column *column)
{
	struct json_object *object = namespace, *member;

	if (column->of && !json_object_object_get_ex(namespace, "pks", &object))
		return text_of("-");
	if (column->of && strcmp(column->of, "pks") &&
	    !json_object_object_get_ex(object, column->of, &object))
		return text_of("-");
	if (!json_object_object_get_ex(object, column->member, &member))
		return text_of("-");
	if (json_object_is_type(member, json_type_boolean))
		return text_of(json_object_get_boolean(member) ? "yes" : "no");
	return text_of(json_object_get_string(member) ?: "-");
}

static void print_cell(FILE *file, size_t column, int width, const char *text)
{
	/* No spaces at the end of a line */
	if (column == COLUMNS - 1)
		fprintf(file, "%s\n", text);
	else
		fprintf(file, "%-*s  ", width, text);
}

/**
 * table_print() - print namespaces as a table
 * @file: where to
 * @namespaces: an array of their objects
 */
void table_print(FILE *file, struct json_object *namespaces)
{
	size_t rows = json_object_array_length(namespaces), row, i, len;
	int width[COLUMNS];

	for (i = 0; i < COLUMNS; i++) {
		width[i] = strlen(columns[i].heading);
		for (row = 0; row < rows; row++) {
			len = strlen(cell(json_object_array_get_idx(namespaces, row),
					  &columns[i]).s);
			if (len > (size_t)width[i])
				width[i] = len;
		}
	}
	for (i = 0; i < COLUMNS; i++)
		print_cell(file, i, width[i], columns[i].heading);
	for (row = 0; row < rows; row++)
		for (i = 0; i < COLUMNS; i++)
			print_cell(file, i, width[i],
				   cell(json_object_array_get_idx(namespaces, row),
					&columns[i]).s);
}
