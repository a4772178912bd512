// SPDX-License-Identifier: GPL-2.0
/*
 * A file that is replaced as a whole. A new file is written, and takes the name only when
 * it is on the disk: a reader finds the old file or the new one, and a full disk leaves
 * the old one.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output.h"
#include "text.h"

/* Return: 0 or a negative error. */
static int finish(FILE *file)
{
	int error = 0;

	if (fflush(file) || ferror(file) || fsync(fileno(file)))
		error = errno ? -errno : -EIO;
	if (fclose(file) && !error)
		error = -errno;
	return error;
}

static int replace(const char *output, mode_t mode, void (*print)(FILE *file, void *arg),
		   void *arg)
{
	const char *name = strrchr(output, '/') ? strrchr(output, '/') + 1 : output;
	char *temporary;
	struct stat st;
	int error = 0, fd;
	FILE *file;

	/* A device, say, is not to be replaced by a file */
	if (!lstat(output, &st) && !S_ISREG(st.st_mode))
		return -EEXIST;
	if (asprintf(&temporary, "%.*s.%s.XXXXXX", (int)(name - output), output, name) < 0)
		return -ENOMEM;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0) {
		error = -errno;
		goto free;
	}
	file = fdopen(fd, "w");
	if (!file) {
		error = -errno;
		close(fd);
		goto unlink;
	}
	print(file, arg);
	if (fchmod(fd, mode))
		error = -errno;
	error = finish(file) ?: error;
	if (!error && rename(temporary, output))
		error = -errno;
unlink:
	if (error)
		unlink(temporary);
free:
	free(temporary);
	return error;
}

/**
 * output_replace() - write a file, or leave the old one
 * @output: its name
 * @mode: its permissions
 * @print: what writes the content
 * @arg: its argument
 *
 * Return: 0 or a negative error, which was said.
 */
int output_replace(const char *output, mode_t mode,
		   void (*print)(FILE *file, void *arg), void *arg)
{
	int error = replace(output, mode, print, arg);

	if (error == -EEXIST)
		warnx("%s: it is there, and no regular file", text_of(output).s);
	else if (error)
		warnx("%s: %s", text_of(output).s, strerror(-error));
	return error;
}
