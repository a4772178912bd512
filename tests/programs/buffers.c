// SPDX-License-Identifier: GPL-2.0
/*
 * buffers FILE OTHER private|hole TIMES [CPU]: pread() and pwrite() of FILE
 * with a buffer that nobody has touched yet: a fresh mapping of OTHER, private,
 * or shared with a hole where the buffer lies. So each takes a page fault in
 * the midst of its copy. Does both TIMES times, checks the data, and exits 0
 * when all of it is as it should be.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIZE	8192

static unsigned char data[SIZE], seen[SIZE];

static unsigned char *fresh(const char *other, int hole)
{
	int fd = open(other, O_RDWR | (hole ? O_CREAT | O_TRUNC : 0), 0600);
	unsigned char *map;

	if (fd < 0 || (hole && ftruncate(fd, SIZE)))
		err(1, "%s", other);
	map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		   hole ? MAP_SHARED : MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		err(1, "mmap");
	close(fd);
	return map;
}

int main(int argc, char **argv)
{
	unsigned char *buffer;
	int fd, hole, times, i, j;
	cpu_set_t cpus;

	if (argc < 5)
		errx(2, "buffers FILE OTHER private|hole TIMES [CPU]");
	hole = !strcmp(argv[3], "hole");
	times = atoi(argv[4]);
	if (argc > 5) {
		CPU_ZERO(&cpus);
		CPU_SET(atoi(argv[5]), &cpus);
		if (sched_setaffinity(0, sizeof(cpus), &cpus))
			err(1, "CPU %s", argv[5]);
	}
	fd = open(argv[1], O_RDWR | O_CREAT, 0600);
	if (fd < 0)
		err(1, "%s", argv[1]);

	for (i = 0; i < times; i++) {
		memset(data, i + 1, SIZE);
		if (pwrite(fd, data, SIZE, 0) != SIZE)
			err(1, "pwrite");
		buffer = fresh(argv[2], hole);
		if (pread(fd, buffer, SIZE, 0) != SIZE)
			err(1, "pread into a fresh mapping");
		if (memcmp(buffer, data, SIZE))
			errx(1, "%d: read something else", i);
		munmap(buffer, SIZE);

		buffer = fresh(argv[2], hole);
		if (pwrite(fd, buffer, SIZE, 0) != SIZE)
			err(1, "pwrite from a fresh mapping");
		if (pread(fd, seen, SIZE, 0) != SIZE)
			err(1, "pread");
		if (memcmp(buffer, seen, SIZE))
			errx(1, "%d: wrote something else", i);
		for (j = 0; hole && j < SIZE; j++)
			if (seen[j])
				errx(1, "%d: a hole is not zero", i);
		munmap(buffer, SIZE);
	}
	return 0;
}
