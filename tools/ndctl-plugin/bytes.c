// SPDX-License-Identifier: GPL-2.0
/*
 * Whole files in memory, unpacked. Nobody vouches for what is in them: each file, packed
 * and unpacked, has a limit.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "array.h"
#include "bytes.h"

/* A vmlinux with all its debug information has 800 MB */
#define LIMIT	(1024ul * 1024 * 1024)

/* Read until the end. Return: 0 or a negative error; what was read is in @bytes. */
static int read_all(int fd, struct bytes *bytes)
{
	size_t room = 1 << 16;
	unsigned char *more;
	ssize_t len;

	bytes->len = 0;
	bytes->at = malloc(room);
	if (!bytes->at)
		return -ENOMEM;
	while ((len = read(fd, bytes->at + bytes->len, room - bytes->len)) > 0) {
		bytes->len += len;
		if (bytes->len < room)
			continue;
		if (room >= LIMIT)
			return -EFBIG;
		more = realloc(bytes->at, room *= 2);
		if (!more)
			return -ENOMEM;
		bytes->at = more;
	}
	return len < 0 ? -errno : 0;
}

/* Return: the program that unpacks it, or NULL. */
static const char *packer_of(const unsigned char *at, size_t len)
{
	static const struct {
		const char *magic;
		size_t len;
		const char *program;
	} packers[] = {
		{ "\3757zXZ", 5, "xz" },
		{ "\x1f\x8b", 2, "gzip" },
		{ "\x28\xb5\x2f\xfd", 4, "zstd" },
		{ "\x02\x21\x4c\x18", 4, "lz4" },
		{ "BZh", 3, "bzip2" },
		{ "\x5d\0\0", 3, "xz" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(packers); i++)
		if (len >= packers[i].len && !memcmp(at, packers[i].magic, packers[i].len))
			return packers[i].program;
	return NULL;
}

static int start(const char *program, int in, int out, pid_t *pid)
{
	char * const argv[] = { (char *)program, "-dc", NULL };
	posix_spawn_file_actions_t actions;
	int ret;

	ret = posix_spawn_file_actions_init(&actions);
	if (ret)
		return -ret;
	ret = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO) ?:
		posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO) ?:
		posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null",
						 O_WRONLY, 0) ?:
		posix_spawnp(pid, program, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return ret == ENOENT ? -ENOPKG : -ret;
}

/* Return: a file that has that, to be read from the beginning, or a negative error. */
static int file_of(const unsigned char *at, size_t len)
{
	int fd = memfd_create("packed", MFD_CLOEXEC), error;
	ssize_t done;

	if (fd < 0)
		return -errno;
	while (len) {
		done = write(fd, at, len);
		if (done <= 0)
			break;
		at += done;
		len -= done;
	}
	if (!len && !lseek(fd, 0, SEEK_SET))
		return fd;
	error = errno;
	close(fd);
	return -error;
}

static int run(const char *program, int in, struct bytes *out)
{
	int ends[2], status, ret;
	pid_t pid = -1;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	ret = start(program, in, ends[1], &pid);
	close(ends[1]);
	if (!ret) {
		ret = read_all(ends[0], out);
		/* If more is to come, it is killed by that */
		close(ends[0]);
		if (waitpid(pid, &status, 0) != pid || status)
			ret = ret ?: -EBADMSG;
	} else {
		close(ends[0]);
	}
	return ret;
}

/**
 * bytes_unpack() - unpack a part of it, if it is packed
 * @bytes: becomes what was unpacked, or else that part
 * @from: where the part begins
 * @len: its length; both are within @bytes
 *
 * By the programs that are there for it.
 *
 * Return: 0; -ENOPKG if the program is not there; -EBADMSG if it can't unpack that; or
 * another negative error. After an error @bytes is as before.
 */
int bytes_unpack(struct bytes *bytes, size_t from, size_t len)
{
	const char *program = packer_of(bytes->at + from, len);
	struct bytes out = { };
	int fd, ret;

	if (!program) {
		memmove(bytes->at, bytes->at + from, len);
		bytes->len = len;
		return 0;
	}
	fd = file_of(bytes->at + from, len);
	if (fd < 0)
		return fd;
	ret = run(program, fd, &out);
	close(fd);
	if (ret) {
		free(out.at);
		return ret;
	}
	free(bytes->at);
	*bytes = out;
	return 0;
}

/**
 * bytes_of_file() - read a file, and unpack it if it is packed
 * @path: its name
 * @bytes: out: to be freed if 0 is returned
 *
 * Return: 0; -EINVAL if it is no file that has an end; -EFBIG if it is too large; what
 * bytes_unpack() returns; or another negative error.
 */
int bytes_of_file(const char *path, struct bytes *bytes)
{
	struct stat st;
	int fd, ret;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	memset(bytes, 0, sizeof(*bytes));
	if (fstat(fd, &st))
		ret = -errno;
	else if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode))
		ret = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	else
		ret = read_all(fd, bytes);
	close(fd);
	if (!ret)
		ret = bytes_unpack(bytes, 0, bytes->len);
	if (ret)
		bytes_free(bytes);
	return ret;
}

/**
 * bytes_line() - find the next line
 * @bytes: the text
 * @at: where the line begins; then where the next one does
 * @line: out: the line, as a part of @bytes, without its end
 *
 * Return: false if there is none.
 */
bool bytes_line(const struct bytes *bytes, size_t *at, struct bytes *line)
{
	unsigned char *end;

	if (*at >= bytes->len)
		return false;
	line->at = bytes->at + *at;
	end = memchr(line->at, '\n', bytes->len - *at);
	line->len = end ? (size_t)(end - line->at) : bytes->len - *at;
	*at += line->len + 1;
	return true;
}

/**
 * bytes_free() - free them
 * @bytes: they
 */
void bytes_free(struct bytes *bytes)
{
	free(bytes->at);
	memset(bytes, 0, sizeof(*bytes));
}
