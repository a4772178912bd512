// SPDX-License-Identifier: GPL-2.0
/*
 * From an offset in a namespace's mapping to the block device that a filesystem is on:
 * the namespace's disk, a partition of it, or a linear device of the device mapper on
 * top of that. Nothing is written, and no disk is read.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "disk.h"
#include "module.h"

#define BLOCK		"/sys/class/block/"
#define SECTOR		512
/* Devices on devices */
#define DEPTH_MAX	8
/* For a table of the device mapper */
#define TABLE_SIZE	65536

static const char not_linear[] = "a device is on it that can't be resolved";

/* A file of a block device's that is a number. Return: false if there is none. */
static bool read_number(const char *name, const char *file, unsigned long long *number)
{
	char path[PATH_MAX];
	bool found;
	FILE *f;

	if (snprintf(path, sizeof(path), BLOCK "%s/%s", name, file) >= PATH_MAX)
		return false;
	f = fopen(path, "re");
	found = f && fscanf(f, "%llu", number) == 1;
	if (f)
		fclose(f);
	return found;
}

static bool set_disk(struct disk_place *place, const char *name)
{
	unsigned int major, minor;
	char path[PATH_MAX];
	bool found;
	FILE *f;

	if (snprintf(path, sizeof(path), BLOCK "%s/dev", name) >= PATH_MAX)
		return false;
	f = fopen(path, "re");
	found = f && fscanf(f, "%u:%u", &major, &minor) == 2;
	if (f)
		fclose(f);
	if (!found)
		return false;
	snprintf(place->name, sizeof(place->name), "%s", name);
	place->dev = makedev(major, minor);
	return true;
}

static bool enter_partition(struct disk_place *place, const char *name)
{
	unsigned long long start, size, sector = place->offset / SECTOR;

	if (!read_number(name, "start", &start) || !read_number(name, "size", &size) ||
	    sector < start || sector - start >= size || !set_disk(place, name))
		return false;
	place->offset -= start * SECTOR;
	return true;
}

/* Go on to where a linear target has it. Return: whether there is one. */
static bool enter_targets(struct disk_place *place, const char *name,
			  const struct dm_ioctl *table, const char **why)
{
	const char *data = (const char *)table + table->data_start, *end = (const char *)table +
		(table->data_size < TABLE_SIZE ? table->data_size : TABLE_SIZE);
	unsigned long long start, sector = place->offset / SECTOR;
	const char *at = data;
	unsigned int major, minor, i;

	for (i = 0; i < table->target_count; i++) {
		const struct dm_target_spec *target = (const void *)at;

		if (at < data || at + sizeof(*target) >= end)
			break;
		if (strcmp(target->target_type, "linear") ||
		    sscanf(at + sizeof(*target), "%u:%u %llu", &major, &minor, &start) != 3)
			*why = not_linear;
		else if (makedev(major, minor) == place->dev && sector >= start &&
			 sector - start < target->length && set_disk(place, name)) {
			place->offset += (target->sector_start - start) * SECTOR;
			return true;
		}
		at = data + target->next;
	}
	return false;
}

static bool enter_mapped(struct disk_place *place, const char *name, const char **why)
{
	int fd = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);
	struct disk_place mapped = { };
	struct dm_ioctl *table;
	bool entered = false;

	table = calloc(1, TABLE_SIZE);
	if (fd >= 0 && table && set_disk(&mapped, name)) {
		table->version[0] = DM_VERSION_MAJOR;
		table->data_size = TABLE_SIZE;
		table->data_start = sizeof(*table);
		table->flags = DM_STATUS_TABLE_FLAG;
		table->dev = (minor(mapped.dev) & 0xff) | (major(mapped.dev) << 8) |
			((unsigned long long)(minor(mapped.dev) & ~0xffU) << 12);
		if (ioctl(fd, DM_TABLE_STATUS, table) ||
		    table->flags & DM_BUFFER_FULL_FLAG)
			*why = not_linear;
		else
			entered = enter_targets(place, name, table, why);
	} else {
		*why = not_linear;
	}
	free(table);
	if (fd >= 0)
		close(fd);
	return entered;
}

/* Go on to what is on a disk. Return: whether something is. */
static bool enter(struct disk_place *place, const char *directory, const char **why)
{
	const struct dirent *entry;
	unsigned long long number;
	bool entered = false;
	char path[PATH_MAX];
	DIR *dir;

	if (snprintf(path, sizeof(path), BLOCK "%s%s", place->name, directory) >= PATH_MAX)
		return false;
	dir = opendir(path);
	while (dir && !entered && (entry = readdir(dir))) {
		if (*entry->d_name == '.')
			continue;
		if (!*directory)
			entered = read_number(entry->d_name, "partition", &number) &&
				enter_partition(place, entry->d_name);
		else if (!strncmp(entry->d_name, "dm-", 3))
			entered = enter_mapped(place, entry->d_name, why);
		else
			*why = not_linear;
	}
	if (dir)
		closedir(dir);
	return entered;
}

/**
 * disk_find() - find where a byte of a namespace is on a block device
 * @ndns: the namespace
 * @offset: in the module's mapping of it
 * @place: where to; its name is "" if there is none
 *
 * Return: NULL, or why it is not known whose byte that is.
 */
const char *disk_find(struct ndctl_namespace *ndns, unsigned long long offset,
		      struct disk_place *place)
{
	struct ndctl_pfn *pfn = ndctl_namespace_get_pfn(ndns);
	unsigned long long first, start;
	const char *why = NULL, *name;
	char value[MODULE_VALUE_LEN];
	int depth;

	memset(place, 0, sizeof(*place));
	if (ndctl_namespace_get_btt(ndns))
		return "a namespace in sector mode moves its blocks";
	if (ndctl_namespace_get_dax(ndns))
		return "a device-DAX namespace has no filesystem";
	start = pfn ? ndctl_pfn_get_resource(pfn) : ndctl_namespace_get_resource(ndns);
	name = pfn ? ndctl_pfn_get_block_device(pfn) : ndctl_namespace_get_block_device(ndns);
	if (module_read(ndctl_namespace_get_devname(ndns), "range", value) ||
	    sscanf(value, "0x%llx-", &first) != 1 || start == ULLONG_MAX)
		return "it is not known where the namespace begins";
	if (first + offset < start)
		return "the kernel's own data on the pages";
	if (!name || !set_disk(place, name))
		return "the namespace has no disk";
	place->offset = first + offset - start;
	for (depth = 0; depth < DEPTH_MAX; depth++)
		if (!enter(place, "", &why) && !enter(place, "/holders", &why))
			break;
	return why;
}
