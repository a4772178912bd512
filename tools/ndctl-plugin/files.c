// SPDX-License-Identifier: GPL-2.0
/*
 * Which file has the byte that a stray write hit: the option --files of log.
 *
 * The filesystem is asked, read-only, by the kernel's own interfaces. FS_IOC_GETFSMAP says
 * what an extent is for: free, a kind of metadata, or a file. xfs with an rmapbt has the
 * inode's number as well. Without that, FIEMAP of each file says whether it has the byte.
 * So the tree is walked, once for all records, up to FILES_MAX files. A file without a
 * name is looked for among those that processes have open.
 *
 * The answer is of now. The byte may have been of another file when it was hit.
 */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/fsmap.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "disk.h"
#include "ext4.h"
#include "files.h"
#include "json.h"
#include "module.h"
#include "select.h"
#include "text.h"

#define FILES_MAX	1000000
#define EXTENTS		256
/* Descriptors that nftw() may have open */
#define WALK_FDS	32

/* A byte whose file is looked for */
struct target {
	struct json_object *file;	/* the record's member */
	struct disk_place place;
	bool wanted;			/* some file has it */
	bool numbered;			/* its inode is known */
	unsigned long long inode;
	unsigned long long offset;	/* in the file, if the inode is known */
};

/* Those of one filesystem: what a callback of nftw() can't be given */
static struct {
	struct target *targets;
	size_t count;
	dev_t dev;
	size_t left;			/* not yet found */
	size_t files;			/* how many were looked at */
} walk;

static void set(struct json_object *file, const char *what, const char *detail)
{
	json_object_object_add(file, "what", json_object_new_string(what));
	if (detail)
		json_object_object_add(file, "detail", json_object_new_string(detail));
}

static void set_number(struct json_object *file, const char *name, unsigned long long number)
{
	json_object_object_add(file, name, json_object_new_int64(number));
}

/* How long the character is that begins at @s, or 0 if it is no UTF-8 */
static size_t utf8_len(const unsigned char *s)
{
	size_t len = *s < 0x80 ? 1 : *s < 0xc2 ? 0 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 :
		*s < 0xf5 ? 4 : 0;
	size_t i;

	for (i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

/* A path may have any byte in it, and JSON may not */
static void set_path(struct json_object *file, const char *path)
{
	char *copy = strdup(path), *c = copy;
	size_t len;

	while (c && *c) {
		len = utf8_len((unsigned char *)c);
		if (!len)
			*c = '?';
		c += len ?: 1;
	}
	if (copy)
		json_object_object_add(file, "path", json_object_new_string(copy));
	free(copy);
}

/* A file was found to have the byte of a target. */
static void found(struct target *target, const char *what, const char *path,
		  unsigned long long inode, unsigned long long offset)
{
	set(target->file, what, NULL);
	if (path)
		set_path(target->file, path);
	set_number(target->file, "offset", offset);
	set_number(target->file, "inode", inode);
	target->wanted = false;
	walk.left--;
}

/* Look for the targets among the extents of a file. */
static void look_at_extents(int fd, const char *what, const char *path,
			    unsigned long long inode)
{
	struct fiemap *map = calloc(1, sizeof(*map) + EXTENTS * sizeof(map->fm_extents[0]));
	struct fiemap_extent *extent;
	struct target *target;
	bool last = !map;

	while (!last && walk.left) {
		map->fm_length = FIEMAP_MAX_OFFSET - map->fm_start;
		map->fm_extent_count = EXTENTS;
		if (ioctl(fd, FS_IOC_FIEMAP, map) || !map->fm_mapped_extents)
			break;
		for (extent = map->fm_extents;
		     extent < map->fm_extents + map->fm_mapped_extents; extent++) {
			last = extent->fe_flags & FIEMAP_EXTENT_LAST;
			map->fm_start = extent->fe_logical + extent->fe_length;
			if (extent->fe_flags & (FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_DELALLOC))
				continue;
			for (target = walk.targets; target < walk.targets + walk.count; target++)
				if (target->wanted && !target->numbered &&
				    target->place.offset >= extent->fe_physical &&
				    target->place.offset - extent->fe_physical < extent->fe_length)
					found(target, what, path, inode, extent->fe_logical +
					      target->place.offset - extent->fe_physical);
		}
	}
	free(map);
}

/* Whether the file that was opened is the one that was meant, and no other meanwhile */
static bool is_it(int fd, const struct stat *st)
{
	struct stat now;

	return fd >= 0 && !fstat(fd, &now) && now.st_dev == st->st_dev &&
		now.st_ino == st->st_ino;
}

static void look_at(const char *open_as, const struct stat *st, const char *what,
		    const char *path, int flags)
{
	bool by_extents = false;
	struct target *target;
	int fd;

	for (target = walk.targets; target < walk.targets + walk.count; target++) {
		if (!target->wanted)
			continue;
		if (!target->numbered)
			by_extents = true;
		else if (target->inode == st->st_ino)
			found(target, what, path, st->st_ino, target->offset);
	}
	if (!by_extents)
		return;
	fd = open(open_as, O_RDONLY | O_NONBLOCK | O_CLOEXEC | flags);
	if (is_it(fd, st))
		look_at_extents(fd, what, path, st->st_ino);
	if (fd >= 0)
		close(fd);
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)ftw;
	if (!walk.left || ++walk.files > FILES_MAX)
		return 1;
	if (st->st_dev == walk.dev && (type == FTW_F || type == FTW_D) &&
	    (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode)))
		look_at(path, st, type == FTW_D ? "directory" : "file", path,
			O_NOFOLLOW | O_NOATIME);
	return 0;
}

/* Files that have no name any more, and are open */
static void look_at_process(const char *pid)
{
	char path[PATH_MAX];
	const struct dirent *entry;
	struct stat st;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%.32s/fd", pid);
	dir = opendir(path);
	while (dir && walk.left && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%.32s/fd/%.32s", pid, entry->d_name);
		if (*entry->d_name != '.' && !stat(path, &st) && st.st_dev == walk.dev &&
		    !st.st_nlink && S_ISREG(st.st_mode))
			look_at(path, &st, "deleted", NULL, 0);
	}
	if (dir)
		closedir(dir);
}

static void look_at_processes(void)
{
	DIR *dir = opendir("/proc");
	const struct dirent *entry;

	while (dir && walk.left && (entry = readdir(dir)))
		if (*entry->d_name >= '0' && *entry->d_name <= '9')
			look_at_process(entry->d_name);
	if (dir)
		closedir(dir);
}

/* Find the files of the targets of a filesystem that is mounted there. */
static void find_files(const char *mount)
{
	struct target *target;
	bool all;

	if (!walk.left)
		return;
	walk.files = 0;
	nftw(mount, visit, WALK_FDS, FTW_PHYS | FTW_MOUNT);
	all = walk.files <= FILES_MAX;
	if (all)
		look_at_processes();
	for (target = walk.targets; target < walk.targets + walk.count; target++) {
		if (!target->wanted)
			continue;
		if (target->numbered)
			set_number(target->file, "inode", target->inode);
		if (!all)
			set(target->file, "unknown", "there are more files than are looked at");
		else if (target->numbered)
			set(target->file, "deleted", NULL);
		else
			set(target->file, "unknown",
			    "no file with a name has it: a deleted file, or metadata of a file");
	}
}

/* What a special owner is. The codes are a filesystem's own, but do not clash. */
static const char *owner_of(unsigned long long owner)
{
	switch (owner) {
	case FMR_OWNER('X', 1):
		return "the superblock or what goes with it";
	case FMR_OWNER('X', 2):
		return "the journal";
	case FMR_OWNER('X', 3):
		return "free space trees of an allocation group";
	case FMR_OWNER('X', 4):
		return "an inode tree";
	case FMR_OWNER('X', 5):
		return "inodes";
	case FMR_OWNER('X', 6):
		return "a reference count tree";
	case FMR_OWNER('X', 7):
		return "blocks for copy on write";
	case FMR_OWNER('X', 8):
		return "bad blocks";
	case FMR_OWNER('f', 1):
		return "group descriptors";
	case FMR_OWNER('f', 2):
		return "reserved group descriptors";
	case FMR_OWNER('f', 3):
		return "a block bitmap";
	case FMR_OWNER('f', 4):
		return "an inode bitmap";
	default:
		return "of a kind that is not known";
	}
}

static void set_metadata(struct target *target, unsigned long long owner, bool ext4)
{
	char detail[128];

	if (!ext4 || !ext4_name(&target->place, detail, sizeof(detail)))
		snprintf(detail, sizeof(detail), "%s", owner_of(owner));
	set(target->file, "metadata", detail);
}

/*
 * Ask for what has a byte, from a place on a device to its end or to the byte alone.
 * Return: 1 if @found was filled in, 0 if nothing that is told has the byte, or -1.
 */
static int ask_from(int fd, struct fsmap_head *head, const struct disk_place *place,
		    unsigned long long from, unsigned long long to, struct fsmap *found)
{
	const unsigned int device = (minor(place->dev) & 0xff) |
		(major(place->dev) << 8) | ((minor(place->dev) & ~0xffU) << 12);
	const struct fsmap *map;

	memset(head, 0, sizeof(*head));
	head->fmh_count = EXTENTS;
	head->fmh_keys[0].fmr_device = device;
	head->fmh_keys[0].fmr_physical = from;
	head->fmh_keys[1].fmr_device = device;
	head->fmh_keys[1].fmr_physical = to;
	head->fmh_keys[1].fmr_flags = UINT_MAX;
	head->fmh_keys[1].fmr_owner = ULLONG_MAX;
	head->fmh_keys[1].fmr_offset = ULLONG_MAX;
	for (;;) {
		if (ioctl(fd, FS_IOC_GETFSMAP, head))
			return -1;
		for (map = head->fmh_recs; map < head->fmh_recs + head->fmh_entries; map++) {
			if (map->fmr_physical > place->offset)
				return 0;
			if (place->offset - map->fmr_physical < map->fmr_length) {
				*found = *map;
				return 1;
			}
		}
		if (!head->fmh_entries ||
		    head->fmh_recs[head->fmh_entries - 1].fmr_flags & FMR_OF_LAST)
			return 0;
		fsmap_advance(head);
	}
}

/* What the filesystem says of a byte */
static void ask(int fd, struct target *target, bool ext4)
{
	struct fsmap_head *head = calloc(1, fsmap_sizeof(EXTENTS));
	unsigned long long offset = target->place.offset;
	struct fsmap record;
	const struct fsmap *map = &record;
	int told;

	if (!head)
		return;
	told = ask_from(fd, head, &target->place, offset, offset, &record);
	/* Before Linux 6.5, xfs leaves a gap out in which the whole question lies. */
	if (!told)
		told = ask_from(fd, head, &target->place, 0, ULLONG_MAX, &record);
	if (told < 0) {
		set(target->file, "unknown", "the filesystem has no map of its blocks");
		goto free;
	}
	if (!told) {
		set(target->file, "unknown", "the filesystem does not say");
	} else if (!(map->fmr_flags & FMR_OF_SPECIAL_OWNER)) {
		target->numbered = true;
		target->inode = map->fmr_owner;
		target->offset = map->fmr_offset + offset - map->fmr_physical;
		if (map->fmr_flags & FMR_OF_SHARED)
			json_object_object_add(target->file, "shared",
					       json_object_new_boolean(true));
		if (map->fmr_flags & (FMR_OF_ATTR_FORK | FMR_OF_EXTENT_MAP)) {
			set(target->file, "metadata", map->fmr_flags & FMR_OF_ATTR_FORK ?
			    "attributes of the inode" : "extent map of the inode");
			set_number(target->file, "inode", map->fmr_owner);
		} else {
			target->wanted = true;
		}
	} else if (map->fmr_owner == FMR_OWN_FREE) {
		set(target->file, "free space", NULL);
	} else if (map->fmr_owner == FMR_OWN_UNKNOWN) {
		target->wanted = true;
	} else {
		set_metadata(target, map->fmr_owner, ext4);
	}
free:
	free(head);
}

/* mountinfo has spaces and the like as "\040" */
static void unescape(char *path)
{
	char *to = path;

	for (; *path; path++) {
		if (*path == '\\' && path[1] && path[2] && path[3]) {
			*to++ = (path[1] - '0') << 6 | (path[2] - '0') << 3 | (path[3] - '0');
			path += 3;
		} else {
			*to++ = *path;
		}
	}
	*to = '\0';
}

/*
 * A directory where a device is mounted: its root if possible. Something else may be
 * mounted over it. @path: out. Return: a descriptor, or -1.
 */
static int open_mount(dev_t dev, char path[PATH_MAX], char type[32])
{
	char *line = NULL, root[PATH_MAX], mount[PATH_MAX], kind[32], *rest;
	FILE *file = fopen("/proc/self/mountinfo", "re");
	unsigned int major, minor;
	int fd = -1, other;
	bool whole = false;
	size_t size = 0;
	struct stat st;

	while (file && !whole && getline(&line, &size, file) > 0) {
		rest = strstr(line, " - ");
		if (!rest || sscanf(line, "%*u %*u %u:%u %4095s %4095s", &major, &minor, root,
				    mount) != 4 || makedev(major, minor) != dev ||
		    sscanf(rest, " - %31s", kind) != 1)
			continue;
		unescape(mount);
		other = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (other < 0)
			continue;
		whole = !fstat(other, &st) && st.st_dev == dev && !strcmp(root, "/");
		if (st.st_dev != dev || (fd >= 0 && !whole)) {
			close(other);
			continue;
		}
		if (fd >= 0)
			close(fd);
		fd = other;
		memcpy(path, mount, sizeof(mount));
		memcpy(type, kind, sizeof(kind));
	}
	free(line);
	if (file)
		fclose(file);
	return fd;
}

/* The targets from @first on that are on the same device as it */
static void look_at_device(struct target *first, struct target *end)
{
	char mount[PATH_MAX], type[32];
	struct target *target;
	int fd;

	fd = open_mount(first->place.dev, mount, type);
	walk.targets = first;
	walk.count = end - first;
	walk.dev = first->place.dev;
	walk.left = 0;
	for (target = first; target < end; target++) {
		if (fd < 0) {
			set(target->file, "not mounted", NULL);
			continue;
		}
		json_object_object_add(target->file, "filesystem", json_object_new_string(type));
		ask(fd, target, !strcmp(type, "ext4"));
		walk.left += target->wanted;
	}
	if (fd < 0)
		return;
	find_files(mount);
	close(fd);
}

static int by_device(const void *a, const void *b)
{
	const struct target *x = a, *y = b;

	return x->place.dev < y->place.dev ? -1 : x->place.dev > y->place.dev;
}

struct search {
	const char *device;
	struct ndctl_namespace *ndns;
};

static int is_device(struct ndctl_namespace *ndns, void *arg)
{
	struct search *search = arg;

	if (strcmp(module_device(ndns), search->device))
		return 0;
	search->ndns = ndns;
	return 1;
}

/* Return: whether it is known where on a disk that is. */
static bool find_place(struct ndctl_ctx *ctx, struct json_object *record, struct target *target)
{
	struct search search = { .device = json_string(record, "namespace") };
	struct selection all = { };
	const char *why = "the namespace is no more";

	target->file = json_object_new_object();
	json_object_object_add(record, "file", target->file);
	select_each(ctx, &all, is_device, &search);
	if (search.ndns)
		why = disk_find(search.ndns, strtoull(json_string(record, "offset"), NULL, 10),
				&target->place);
	if (*target->place.name) {
		json_object_object_add(target->file, "disk",
				       json_object_new_string(target->place.name));
		set_number(target->file, "disk_offset", target->place.offset);
	}
	if (why)
		set(target->file, "no file", why);
	return !why;
}

/**
 * files_add() - add to each record the member "file": what has the byte that was hit
 * @ctx: libndctl's
 * @records: an array of them
 */
void files_add(struct ndctl_ctx *ctx, struct json_object *records)
{
	size_t all = json_object_array_length(records), count = 0, i;
	struct target *targets = calloc(all, sizeof(*targets));
	struct target *first, *end;

	for (i = 0; targets && i < all; i++) {
		memset(&targets[count], 0, sizeof(*targets));
		if (find_place(ctx, json_object_array_get_idx(records, i), &targets[count]))
			count++;
	}
	if (count)
		qsort(targets, count, sizeof(*targets), by_device);
	for (first = targets; count && first < targets + count; first = end) {
		for (end = first + 1; end < targets + count; end++)
			if (end->place.dev != first->place.dev)
				break;
		look_at_device(first, end);
	}
	free(targets);
}

/**
 * files_print() - print the member "file" in a line
 * @out: where to
 * @record: its record
 */
void files_print(FILE *out, struct json_object *record)
{
	const char *path;
	struct json_object *file;

	if (!json_object_object_get_ex(record, "file", &file))
		return;
	fputs("  ", out);
	if (*json_string(file, "disk"))
		fprintf(out, "%s+0x%llx: ", text_of(json_string(file, "disk")).s,
			strtoull(json_string(file, "disk_offset"), NULL, 10));
	fputs(text_of(json_string(file, "what")).s, out);
	path = json_string(file, "path");
	if (*path) {
		fputc(' ', out);
		text_print(out, path);
	}
	if (*json_string(file, "offset"))
		fprintf(out, "%s0x%llx", *path ? "+" : ", offset ",
			strtoull(json_string(file, "offset"), NULL, 10));
	if (*json_string(file, "detail"))
		fprintf(out, ": %s", text_of(json_string(file, "detail")).s);
	if (*json_string(file, "inode"))
		fprintf(out, ", inode %s", text_of(json_string(file, "inode")).s);
	if (*json_string(file, "shared"))
		fputs(", shared with other files", out);
	fputc('\n', out);
}
