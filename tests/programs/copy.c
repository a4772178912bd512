// SPDX-License-Identifier: GPL-2.0
/*
 * copy FROM TO TIMES: write TO from a fresh mapping of FROM, TIMES times. So
 * the write takes page faults of FROM's in its copy. Exits 0 when all went well.
 */
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long page = sysconf(_SC_PAGESIZE);
	int from, to, i;
	char *map;

	if (argc != 4)
		errx(2, "copy FROM TO TIMES");
	from = open(argv[1], O_RDWR);
	to = open(argv[2], O_WRONLY);
	if (from < 0 || to < 0)
		err(1, "open");
	for (i = 0; i < atoi(argv[3]); i++) {
		map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED,
			   from, 0);
		if (map == MAP_FAILED)
			err(1, "mmap");
		/* Over the boundary of two pages. */
		if (write(to, map + page - 8, 16) != 16)
			err(1, "write");
		munmap(map, 2 * page);
	}
	return 0;
}
