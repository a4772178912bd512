/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NDCTL_PKS_TEXT_H
#define NDCTL_PKS_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#define TEXT_LEN	160

struct text {
	char s[TEXT_LEN + sizeof("...")];
};

struct text text_of(const char *raw);
bool text_first_line(const char *path, char *line, size_t size);
void text_print(FILE *file, const char *raw);

#endif
