// SPDX-License-Identifier: GPL-2.0
/*
 * Which group of an ext4 filesystem a block of metadata belongs to. FS_IOC_GETFSMAP says
 * only what kind it is, and the bitmaps of many groups are in one place. So the disk's
 * superblock and group descriptors are read: see Documentation/filesystems/ext4 of the
 * kernel. Numbers there are little-endian.
 */
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include "ext4.h"

#define SUPER			1024
#define MAGIC			0xef53
#define INCOMPAT_META_BG	0x10
#define INCOMPAT_64BIT		0x80
/* Of a group descriptor: the most that is read of it */
#define DESCRIPTOR_MAX		64

static uint16_t u16(const unsigned char *at)
{
	return at[0] | at[1] << 8;
}

static uint32_t u32(const unsigned char *at)
{
	return u16(at) | (uint32_t)u16(at + 2) << 16;
}

struct layout {
	uint32_t block_size, first_block, per_group, inodes_per_group, inode_size;
	uint32_t descriptor_size;
	uint64_t blocks;
};

static bool read_layout(FILE *file, struct layout *l)
{
	unsigned char super[1024];
	uint32_t incompat;

	if (fseeko(file, SUPER, SEEK_SET) || fread(super, sizeof(super), 1, file) != 1 ||
	    u16(super + 0x38) != MAGIC || u32(super + 0x18) > 6)
		return false;
	incompat = u32(super + 0x60);
	l->block_size = 1024U << u32(super + 0x18);
	l->first_block = u32(super + 0x14);
	l->per_group = u32(super + 0x20);
	l->inodes_per_group = u32(super + 0x28);
	l->inode_size = u16(super + 0x58);
	l->descriptor_size = incompat & INCOMPAT_64BIT ? u16(super + 0xfe) : 32;
	l->blocks = u32(super + 0x4);
	if (incompat & INCOMPAT_64BIT)
		l->blocks |= (uint64_t)u32(super + 0x150) << 32;
	/* With META_BG the descriptors are elsewhere */
	return !(incompat & INCOMPAT_META_BG) && l->per_group && l->inode_size &&
		l->descriptor_size >= 32 && l->descriptor_size <= 1024;
}

/* The number at @low, and its upper half if the descriptor has one */
static uint64_t block_of(const struct layout *l, const unsigned char *descriptor, size_t low)
{
	uint64_t block = u32(descriptor + low);

	if (l->descriptor_size >= DESCRIPTOR_MAX)
		block |= (uint64_t)u32(descriptor + low + 0x20) << 32;
	return block;
}

static bool name_in_group(const struct layout *l, const unsigned char *descriptor,
			  uint64_t group, uint64_t offset, char *name, size_t size)
{
	uint64_t block = offset / l->block_size, table = block_of(l, descriptor, 8), in_table;

	if (block == block_of(l, descriptor, 0)) {
		snprintf(name, size, "block bitmap of group %llu", (unsigned long long)group);
	} else if (block == block_of(l, descriptor, 4)) {
		snprintf(name, size, "inode bitmap of group %llu", (unsigned long long)group);
	} else {
		in_table = offset - table * l->block_size;
		if (block < table || in_table / l->inode_size >= l->inodes_per_group)
			return false;
		snprintf(name, size, "inode table of group %llu, at inode %llu",
			 (unsigned long long)group,
			 (unsigned long long)group * l->inodes_per_group +
			 in_table / l->inode_size + 1);
	}
	return true;
}

static bool find(FILE *file, uint64_t offset, char *name, size_t size)
{
	unsigned char descriptor[1024];
	struct layout l;
	uint64_t group, groups;

	if (!read_layout(file, &l) || l.blocks <= l.first_block)
		return false;
	groups = (l.blocks - l.first_block + l.per_group - 1) / l.per_group;
	if (fseeko(file, ((off_t)l.first_block + 1) * l.block_size, SEEK_SET))
		return false;
	for (group = 0; group < groups; group++) {
		if (fread(descriptor, l.descriptor_size, 1, file) != 1)
			return false;
		if (name_in_group(&l, descriptor, group, offset, name, size))
			return true;
	}
	return false;
}

/**
 * ext4_name() - say which bitmap or inode table has a byte
 * @place: the byte
 * @name: out
 * @size: of @name
 *
 * Return: false if none has it, or if that can't be found out.
 */
bool ext4_name(const struct disk_place *place, char *name, size_t size)
{
	char path[sizeof("/dev/") + NAME_MAX];
	bool named = false;
	struct stat st;
	FILE *file;

	snprintf(path, sizeof(path), "/dev/%s", place->name);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (!fstat(fileno(file), &st) && S_ISBLK(st.st_mode) && st.st_rdev == place->dev)
		named = find(file, place->offset, name, size);
	fclose(file);
	return named;
}
