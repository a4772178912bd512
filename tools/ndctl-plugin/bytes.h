/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NDCTL_PKS_BYTES_H
#define NDCTL_PKS_BYTES_H

#include <stdbool.h>
#include <stddef.h>

struct bytes {
	unsigned char *at;
	size_t len;
};

int bytes_of_file(const char *path, struct bytes *bytes);
int bytes_unpack(struct bytes *bytes, size_t from, size_t len);
bool bytes_line(const struct bytes *bytes, size_t *at, struct bytes *line);
void bytes_free(struct bytes *bytes);

#endif
