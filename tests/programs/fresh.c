// SPDX-License-Identifier: GPL-2.0
/*
 * fresh FILE DEVICE PAGES ROUNDS: write() so many pages to a file from memory of a
 * device that is mapped anew for each round, so that each page has a page fault in
 * the midst of the kernel's copy. Exits 0 when all were written.
 */
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096

int main(int argc, char **argv)
{
	int file, device, rounds;
	size_t size;
	char *from;

	if (argc != 5)
		errx(2, "fresh FILE DEVICE PAGES ROUNDS");
	file = open(argv[1], O_RDWR);
	device = open(argv[2], O_RDWR);
	size = strtoul(argv[3], NULL, 0) * PAGE;
	if (file < 0 || device < 0)
		err(1, "open");
	for (rounds = atoi(argv[4]); rounds; rounds--) {
		from = mmap(NULL, size, PROT_READ, MAP_SHARED, device, 0);
		if (from == MAP_FAILED)
			err(1, "mmap");
		if (pwrite(file, from, size, 0) != (ssize_t)size)
			err(1, "pwrite");
		munmap(from, size);
	}
	return 0;
}
