// SPDX-License-Identifier: GPL-2.0
/*
 * The files of the configuration: read in order of name, and one of them replaced as a
 * whole. What is wrong is said here, in one line, as only here it is known of which file.
 *
 * Two commands take turns by a lock, so no change is lost. A reader takes none: it sees
 * the file as it was or as it is, as the new one takes the old one's name.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "confdir.h"
#include "text.h"

#define SUFFIX		".conf"
#define NEW		"." CONFDIR_OURS ".new"
#define LOCK		"." CONFDIR_OURS ".lock"
#define SIZE_MAX_FILE	1048576

const char * const confdir_system[] = {
	"/etc/pmem-pks.conf.d",
	/* Until the next boot. The initial RAM disk writes what the kernel's command line says. */
	"/run/pmem-pks.conf.d",
	NULL
};

static int failed(const char *what, const char *path, const char *file, int error)
{
	warnx("cannot %s %s%s%s: %s", what, text_of(path).s, file ? "/" : "", file ?: "",
	      strerror(-error));
	return error;
}

/* Return: 0 and the content, to be freed; or an error that was not said. */
static int read_fd(int fd, char **text, size_t *len)
{
	struct stat stat;
	ssize_t got = 1;

	if (fstat(fd, &stat))
		return -errno;
	if (!S_ISREG(stat.st_mode))
		return -EINVAL;
	if (stat.st_size > SIZE_MAX_FILE)
		return -EFBIG;
	*text = malloc(stat.st_size + 1);
	if (!*text)
		return -ENOMEM;
	for (*len = 0; got > 0 && *len < (size_t)stat.st_size; *len += got) {
		got = read(fd, *text + *len, stat.st_size - *len);
		if (got < 0)
			break;
	}
	if (got >= 0)
		return 0;
	got = -errno;
	free(*text);
	*text = NULL;
	return got;
}

static int read_file(int directory, const char *name, char **text, size_t *len)
{
	/* A FIFO must not keep us */
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK), ret;

	if (fd < 0)
		return -errno;
	ret = read_fd(fd, text, len);
	close(fd);
	return ret;
}

static int parse(struct conf *conf, const char *path, const char *text, size_t len)
{
	struct conf_error error;
	int ret = conf_parse(conf, path, text, len, &error);

	if (ret == -EINVAL)
		warnx("%s:%u: %s", text_of(path).s, error.line, error.why);
	else if (ret)
		failed("read", path, NULL, ret);
	return ret;
}

/* Take a path into the list. Return: it, or NULL */
static char *keep(struct confdir *confdir, const char *directory, const char *name)
{
	char **paths = reallocarray(confdir->paths, confdir->count + 1, sizeof(*paths));

	if (!paths)
		return NULL;
	confdir->paths = paths;
	if (asprintf(&paths[confdir->count], "%s/%s", directory, name) < 0)
		return NULL;
	return paths[confdir->count++];
}

static int load_file(struct confdir *confdir, const char *directory, const char *name)
{
	char *path = keep(confdir, directory, name), *text = NULL;
	size_t len = 0;
	int ret;

	ret = path ? read_file(AT_FDCWD, path, &text, &len) : -ENOMEM;
	if (ret == -EINVAL)
		warnx("%s is no regular file", text_of(path).s);
	else if (ret)
		failed("read", directory, text_of(name).s, ret);
	if (ret)
		return ret;
	ret = parse(&confdir->conf, path, text, len);
	free(text);
	return ret;
}

static int is_conf(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return *entry->d_name != '.' && len > strlen(SUFFIX) &&
	       !strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX);
}

/* The order of bytes, whatever the language */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int load_directory(struct confdir *confdir, const char *directory)
{
	struct dirent **entries;
	int i, count, ret = 0;

	count = scandir(directory, &entries, is_conf, by_name);
	if (count < 0)
		return errno == ENOENT ? 0 : failed("read", directory, NULL, -errno);
	for (i = 0; i < count; i++) {
		if (!ret)
			ret = load_file(confdir, directory, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return ret;
}

/**
 * confdir_load() - read all files
 * @confdir: where to; to be given to confdir_free() whatever is returned
 * @directories: where they are, NULL behind the last; the later one wins
 *
 * A directory that is not there is empty.
 *
 * Return: 0 or a negative error, which was said.
 */
int confdir_load(struct confdir *confdir, const char * const *directories)
{
	int ret = 0;

	memset(confdir, 0, sizeof(*confdir));
	for (; *directories && !ret; directories++)
		ret = load_directory(confdir, *directories);
	return ret;
}

/**
 * confdir_free() - free what confdir_load() made
 * @confdir: it
 */
void confdir_free(struct confdir *confdir)
{
	conf_free(&confdir->conf);
	while (confdir->count)
		free(confdir->paths[--confdir->count]);
	free(confdir->paths);
	confdir->paths = NULL;
}

/* Whether the file that was locked still has the name. Its last holder may have removed it. */
static bool is_lock(int lock, int directory)
{
	struct stat held, named;

	return !fstat(lock, &held) && !fstatat(directory, LOCK, &named, AT_SYMLINK_NOFOLLOW) &&
	       held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

/**
 * confdir_lock() - make the directory if need be, and wait for other commands
 * @lock: out: for confdir_unlock() if 0 is returned
 * @directory: it
 *
 * The lock is on a file that only its owner can open: on the directory, or on a file that
 * all may read, every user could hold it for ever.
 *
 * Return: 0 or a negative error, which was said.
 */
int confdir_lock(struct confdir_lock *lock, const char *directory)
{
	int ret;

	if (mkdir(directory, 0755) && errno != EEXIST)
		return failed("make", directory, NULL, -errno);
	lock->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock->directory < 0)
		return failed("open", directory, NULL, -errno);
	for (;;) {
		lock->file = openat(lock->directory, LOCK, O_RDONLY | O_CREAT | O_CLOEXEC |
				    O_NOFOLLOW | O_NONBLOCK, 0600);
		if (lock->file < 0 || flock(lock->file, LOCK_EX))
			break;
		if (is_lock(lock->file, lock->directory))
			return 0;
		close(lock->file);
	}
	ret = failed("write", directory, CONFDIR_OURS, -errno);
	if (lock->file >= 0)
		close(lock->file);
	close(lock->directory);
	return ret;
}

/**
 * confdir_unlock() - let other commands go on
 * @lock: of confdir_lock()
 */
void confdir_unlock(const struct confdir_lock *lock)
{
	unlinkat(lock->directory, LOCK, 0);
	close(lock->file);
	close(lock->directory);
}

/* Return: 0 or an error that was not said */
static int write_new(int fd, const char *text, const struct stat *old)
{
	size_t len = strlen(text), done = 0;
	ssize_t got;

	/* The owner first: that takes bits of the mode away */
	if (old && fchown(fd, old->st_uid, old->st_gid))
		return -errno;
	if (fchmod(fd, old ? old->st_mode & 07777 : 0644))
		return -errno;
	for (; done < len; done += got) {
		got = write(fd, text + done, len - done);
		if (got < 0)
			return -errno;
	}
	return fsync(fd) ? -errno : 0;
}

/* Put a new file in the place of ours. Return: 0 or an error that was not said */
static int replace(int directory, const char *text)
{
	struct stat old;
	bool is_old = !fstatat(directory, CONFDIR_OURS, &old, 0);
	int fd, ret;

	/* One that was left by a command that was killed */
	unlinkat(directory, NEW, 0);
	fd = openat(directory, NEW, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	ret = write_new(fd, text, is_old ? &old : NULL);
	if (close(fd) && !ret)
		ret = -errno;
	if (!ret && renameat(directory, NEW, directory, CONFDIR_OURS))
		ret = -errno;
	if (ret)
		unlinkat(directory, NEW, 0);
	else if (fsync(directory))
		ret = -errno;
	return ret;
}

/**
 * confdir_change() - change our file
 * @lock: of confdir_lock()
 * @directory: where it is
 * @uuid: for which namespace; conf_all for all
 * @key: the key
 * @value: what it is to be, as conf_check() returns it; NULL to unset it
 *
 * Return: 0 or a negative error, which was said; nothing has changed then.
 */
int confdir_change(const struct confdir_lock *lock, const char *directory,
		   const uuid_t uuid, enum conf_key key, const char *value)
{
	char *text = NULL, *new;
	size_t len = 0;
	int ret;

	ret = read_file(lock->directory, CONFDIR_OURS, &text, &len);
	if (ret && ret != -ENOENT)
		return failed("read", directory, CONFDIR_OURS, ret);
	new = conf_edit(text ?: "", len, uuid, key, value);
	/* One that is too large could not be read again */
	ret = !new ? -ENOMEM : strlen(new) > SIZE_MAX_FILE ? -EFBIG :
	      replace(lock->directory, new);
	free(text);
	free(new);
	return ret ? failed("write", directory, CONFDIR_OURS, ret) : 0;
}
