// SPDX-License-Identifier: GPL-2.0
/*
 * Whether this machine is meant to have the module: its administrator has written that
 * down: the unit pmem-pks.service is enabled, or a file for systemd-modules-load
 * (modules-load.d(5)) names the module, or this command keeps choices in
 * /etc/pmem-pks.conf.d. Where it is so and the module is not loaded, something has gone
 * wrong: a new kernel that nobody built the module for, say.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "array.h"
#include "configured.h"

#define UNIT	"/etc/systemd/system/sysinit.target.wants/pmem-pks.service"
#define CHOICES	"/etc/pmem-pks.conf.d"

/* The first one that has a file of some name hides the others of that name */
static const char * const load_directories[] = {
	"/etc/modules-load.d", "/run/modules-load.d", "/usr/local/lib/modules-load.d",
	"/usr/lib/modules-load.d", "/lib/modules-load.d",
};

static bool is_conf(const char *name)
{
	const char *dot = strrchr(name, '.');

	return *name != '.' && dot && !strcmp(dot, ".conf");
}

/* A line of modules-load.d: "-" and "_" are the same in the name of a module */
static bool names_module(char *line)
{
	char *c, *name = line + strspn(line, " \t");

	name[strcspn(name, " \t\n")] = '\0';
	for (c = name; *c; c++)
		if (*c == '-')
			*c = '_';
	return !strcmp(name, "pmem_pks");
}

static bool file_names_module(const char *directory, const char *name)
{
	char path[PATH_MAX], *line = NULL;
	bool found = false;
	size_t size = 0;
	FILE *file;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	file = fd < 0 ? NULL : fdopen(fd, "r");
	if (!file) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (!found && getline(&line, &size, file) >= 0)
		found = names_module(line);
	free(line);
	fclose(file);
	return found;
}

static bool is_hidden(size_t directory, const char *name)
{
	char path[PATH_MAX];
	size_t i;

	for (i = 0; i < directory; i++) {
		snprintf(path, sizeof(path), "%s/%s", load_directories[i], name);
		if (!access(path, F_OK))
			return true;
	}
	return false;
}

static bool directory_names_module(size_t i)
{
	DIR *directory = opendir(load_directories[i]);
	struct dirent *entry;
	bool found = false;

	if (!directory)
		return false;
	while (!found && (entry = readdir(directory)))
		found = is_conf(entry->d_name) && !is_hidden(i, entry->d_name) &&
			file_names_module(load_directories[i], entry->d_name);
	closedir(directory);
	return found;
}

/* One that is empty is what is left when all choices were undone */
static bool has_choices(void)
{
	DIR *directory = opendir(CHOICES);
	char path[PATH_MAX];
	struct dirent *entry;
	bool found = false;
	struct stat st;

	if (!directory)
		return false;
	while (!found && (entry = readdir(directory))) {
		snprintf(path, sizeof(path), CHOICES "/%s", entry->d_name);
		found = is_conf(entry->d_name) && !stat(path, &st) &&
			S_ISREG(st.st_mode) && st.st_size;
	}
	closedir(directory);
	return found;
}

/**
 * configured_to_load() - whether this machine is meant to have the module
 *
 * What can't be read counts as not there.
 */
bool configured_to_load(void)
{
	struct stat st;
	size_t i;

	if (!lstat(UNIT, &st))
		return true;

	for (i = 0; i < ARRAY_SIZE(load_directories); i++)
		if (directory_names_module(i))
			return true;
	return has_choices();
}
