// SPDX-License-Identifier: GPL-2.0
/*
 * Text that somebody else chose, made fit for one line of a terminal: an argument, a
 * namespace's name, a thread's name. For JSON see json_text().
 */
#include <string.h>

#include "text.h"

/**
 * text_of() - what may be printed of a string
 * @raw: the string
 *
 * Each byte that is no printable ASCII becomes a "?". What is too long ends in "...".
 *
 * Return: the text, as .s, which lives as long as the expression that it is used in.
 */
struct text text_of(const char *raw)
{
	struct text text;
	unsigned int i;

	for (i = 0; raw[i] && i < TEXT_LEN; i++)
		text.s[i] = raw[i] < ' ' || raw[i] > '~' ? '?' : raw[i];
	if (raw[i]) {
		text.s[i++] = '.';
		text.s[i++] = '.';
		text.s[i++] = '.';
	}
	text.s[i] = '\0';
	return text;
}

/**
 * text_first_line() - read the first line of a short file
 * @path: the file
 * @line: out: it, without the newline
 * @size: of @line
 *
 * Return: false if there is none, or it can't be read.
 */
bool text_first_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");
	bool done = file && fgets(line, size, file);

	if (file)
		fclose(file);
	if (done)
		line[strcspn(line, "\n")] = '\0';
	return done;
}

/**
 * text_print() - print what may be printed of a string, however long it is
 * @file: where to
 * @raw: the string
 */
void text_print(FILE *file, const char *raw)
{
	for (; *raw; raw++)
		fputc(*raw < ' ' || *raw > '~' ? '?' : *raw, file);
}
