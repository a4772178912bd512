// SPDX-License-Identifier: GPL-2.0
/*
 * underway FILE DISK: write to a mapping of a file on DAX for the first time, and
 * later read from a disk into the same page by O_DIRECT. Prints "mapped" and waits
 * for a line before the first, prints "faulted" and waits for one before the second.
 * Exits 0 if what was read has arrived.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096

static void wait_after(const char *word)
{
	char line[8];

	puts(word);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		errx(1, "no line");
}

int main(int argc, char **argv)
{
	char *wanted = aligned_alloc(PAGE, PAGE), *map;
	int file, disk;

	file = argc == 3 ? open(argv[1], O_RDWR) : -1;
	disk = argc == 3 ? open(argv[2], O_RDWR | O_DIRECT) : -1;
	map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (!wanted || disk < 0 || map == MAP_FAILED)
		err(2, "underway FILE DISK");
	memset(wanted, 'w', PAGE);
	if (pwrite(disk, wanted, PAGE, 0) != PAGE)
		err(1, "pwrite");
	wait_after("mapped");
	__atomic_store_n(map, 1, __ATOMIC_RELAXED);
	wait_after("faulted");
	if (pread(disk, map, PAGE, 0) != PAGE)
		err(1, "pread");
	if (memcmp(map, wanted, PAGE))
		errx(1, "what was read has not arrived");
	return 0;
}
