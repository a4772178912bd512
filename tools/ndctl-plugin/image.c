// SPDX-License-Identifier: GPL-2.0
/*
 * The names in a kernel's image, a vmlinux or a vmlinuz: its own table of symbols, which
 * kernel/kallsyms.c reads at run time and scripts/kallsyms.c has made. It is found by its
 * form, as a stripped image has no other names:
 *
 *   kallsyms_names	for each symbol the length of its compressed name, then the name:
 *			each byte is the number of a token
 *   kallsyms_markers	where each 256th of them begins
 *   kallsyms_token_table	the 256 tokens; those of digits stand for themselves
 *   kallsyms_token_index	where each begins
 *
 * Nobody vouches for the file: nothing is read beyond its end, and each loop ends.
 */
#include <endian.h>
#include <errno.h>
#include <linux/elf.h>
#include <stdint.h>
#include <string.h>

#include "symtab.h"

#define TOKENS		256
#define PIECE		256		/* names between two markers */
/* A compressed name is at most that long */
#define COMPRESSED_LEN	128

struct image {
	const unsigned char *at;
	size_t len;
	const unsigned char *tokens[TOKENS];	/* each ends with a 0 */
	size_t tokens_at;
	size_t markers_at;
	uint32_t markers[1 << 16];
	size_t markers_count;
};

/* Return: 0 where the file has ended. */
static uint32_t word_at(const struct image *image, size_t at)
{
	uint32_t word = 0;

	if (at <= image->len && image->len - at >= sizeof(word))
		memcpy(&word, image->at + at, sizeof(word));
	return le32toh(word);
}

/* Where the token before the one at @at begins, or 0. */
static size_t token_before(const struct image *image, size_t at)
{
	const unsigned char *end = at > 1 ? memrchr(image->at, '\0', at - 1) : NULL;

	return end ? (size_t)(end - image->at) + 1 : 0;
}

/* Whether the tokens begin there: their index, which is behind them, says the same. */
static bool are_tokens(struct image *image, size_t start)
{
	size_t at = start, left, index, i;
	const unsigned char *end;
	uint16_t offset;

	for (i = 0; i < TOKENS; i++) {
		left = image->len - at < UINT16_MAX ? image->len - at : UINT16_MAX;
		end = memchr(image->at + at, '\0', left);
		if (!end || end - (image->at + start) > UINT16_MAX)
			return false;
		image->tokens[i] = image->at + at;
		at = end - image->at + 1;
	}
	index = (at + 7) & ~7ul;
	if (index > image->len || image->len - index < TOKENS * sizeof(offset))
		return false;
	for (i = 0; i < TOKENS; i++) {
		memcpy(&offset, image->at + index + i * sizeof(offset), sizeof(offset));
		if (image->tokens[i] != image->at + start + le16toh(offset))
			return false;
	}
	image->tokens_at = start;
	return true;
}

static bool find_tokens(struct image *image)
{
	static const char digits[] = "0\0001\0002\0003\0004\0005\0006\0007\0008\0009";
	const unsigned char *hit = image->at;
	size_t start, i;

	while ((hit = memmem(hit, image->len - (hit - image->at), digits, sizeof(digits)))) {
		start = hit - image->at;
		for (i = 0; i < '0'; i++)
			start = token_before(image, start);
		if (are_tokens(image, start))
			return true;
		hit++;
	}
	return false;
}

/* Read what would be the markers from there on. Return: whether there are enough. */
static bool are_markers(struct image *image, size_t at)
{
	uint32_t last = 0, marker;

	image->markers_at = at;
	for (image->markers_count = 0; image->markers_count < 1 << 16; at += sizeof(marker)) {
		marker = word_at(image, at);
		if (image->markers_count && (marker <= last + PIECE ||
					     marker - last >= PIECE * COMPRESSED_LEN))
			break;
		image->markers[image->markers_count++] = marker;
		last = marker;
	}
	return image->markers_count > 64;
}

/*
 * They begin with a 0, rise, and are the last such array before the tokens. Between them
 * there may be kallsyms_seqs_of_names.
 */
static bool find_markers(struct image *image)
{
	size_t at = image->tokens_at & ~3ul, end = at > 4 << 20 ? at - (4 << 20) : 0;

	while (at >= end + 4) {
		at -= 4;
		if (!word_at(image, at) && are_markers(image, at))
			return true;
	}
	return false;
}

/* Find a compressed name's length, and where it begins. Return: false: beyond the end. */
static bool entry_at(const struct image *image, size_t *at, size_t *len)
{
	if (*at + 2 > image->len)
		return false;
	*len = image->at[(*at)++];
	if (*len & 0x80)
		*len = (*len & 0x7f) | (size_t)image->at[(*at)++] << 7;
	return *len <= image->len - *at;
}

/* Whether the names begin there: the second marker says where the first piece ends. */
static bool are_names(const struct image *image, size_t start)
{
	size_t at = start, len, i;

	for (i = 0; i < PIECE; i++) {
		if (!entry_at(image, &at, &len))
			return false;
		at += len;
	}
	return at - start == image->markers[1];
}

/* Return: how many there are from @start on, by the number that stands before, or 0. */
static size_t names_from(const struct image *image, size_t start)
{
	size_t before, number;

	for (before = 4; before <= 8 && before <= start; before += 4) {
		number = word_at(image, start - before);
		if (number && (number - 1) / PIECE + 1 == image->markers_count &&
		    are_names(image, start))
			return number;
	}
	return 0;
}

/* The names are before the markers, and the last piece may be short. */
static size_t find_names(const struct image *image, size_t *start)
{
	size_t last = image->markers[image->markers_count - 1], number, i;

	if (last > image->markers_at)
		return 0;
	*start = (image->markers_at - last) & ~3ul;
	for (i = 0; i < (size_t)PIECE * COMPRESSED_LEN && *start >= 4; i += 4, *start -= 4) {
		number = names_from(image, *start);
		if (number)
			return number;
	}
	return 0;
}

static int add_name(const struct image *image, struct symtab *tab, size_t at, size_t len)
{
	char name[SYMTAB_NAME_LEN];
	const unsigned char *token;
	size_t size = 0;

	for (; len; len--)
		for (token = image->tokens[image->at[at++]]; *token; token++) {
			if (size == sizeof(name))
				return 0;
			name[size++] = *token;
		}
	/* The first character is the type */
	return size ? symtab_add(tab, NULL, name + 1, size - 1) : 0;
}

/* What is packed in a vmlinuz: Documentation/arch/x86/boot.rst. */
static int unpack(struct bytes *bytes)
{
	size_t setup, start, len;
	struct image image = { .at = bytes->at, .len = bytes->len };

	if (bytes->len >= 4 && !memcmp(bytes->at, ELFMAG, SELFMAG))
		return 0;
	if (bytes->len < 0x250 || memcmp(bytes->at + 0x202, "HdrS", 4))
		return -ENOEXEC;
	setup = (bytes->at[0x1f1] + 1ul) * 512;
	start = setup + word_at(&image, 0x248);
	len = word_at(&image, 0x24c);
	/* Its last four bytes are the length of what comes out */
	if (len < 4 || start > bytes->len || len > bytes->len - start)
		return -ENOEXEC;
	return bytes_unpack(bytes, start, len - 4);
}

/**
 * symtab_of_image() - add the names of a kernel's image
 * @tab: the set
 * @bytes: the file; it may become what is packed in it
 *
 * Return: 0; -ENOEXEC if it is no image; -ENODATA if its table of symbols is not found;
 * what bytes_unpack() returns; or -ENOMEM.
 */
int symtab_of_image(struct symtab *tab, struct bytes *bytes)
{
	static struct image image;
	size_t at, len, number;
	int ret;

	ret = unpack(bytes);
	if (ret)
		return ret;
	memset(&image, 0, sizeof(image));
	image.at = bytes->at;
	image.len = bytes->len;
	if (!find_tokens(&image) || !find_markers(&image))
		return -ENODATA;
	for (number = find_names(&image, &at); number; number--) {
		if (!entry_at(&image, &at, &len))
			return -ENODATA;
		ret = add_name(&image, tab, at, len);
		if (ret)
			return ret;
		at += len;
	}
	return tab->count ? 0 : -ENODATA;
}
