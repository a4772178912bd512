// SPDX-License-Identifier: GPL-2.0
/*
 * mapped FILE SEED: write a file from user space through a shared mapping, by
 * stores of all sizes at odd places and by copies across pages, and check what
 * read() then gives. The file must exist and have its size. Exits 0 when all
 * is as written.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static __u64 state;

static __u64 next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

int main(int argc, char **argv)
{
	unsigned char *map, *want, *got;
	struct stat st;
	size_t size;
	int fd;

	if (argc != 3)
		errx(2, "mapped FILE SEED");
	state = strtoull(argv[2], NULL, 0) | 1;
	fd = open(argv[1], O_RDWR);
	if (fd < 0 || fstat(fd, &st))
		err(1, "%s", argv[1]);
	size = st.st_size;
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	want = malloc(size);
	got = malloc(size);
	if (map == MAP_FAILED || !want || !got)
		err(1, "memory");
	memcpy(want, map, size);

	for (int i = 0; i < 20000; i++) {
		__u64 value = next();
		size_t length = 1 + next() % (i % 16 ? 8 : 9000);
		size_t place = next() % (size - length);

		if (length <= 8) {
			memcpy(map + place, &value, length);
			memcpy(want + place, &value, length);
		} else {
			memset(map + place, (int)value, length);
			memset(want + place, (int)value, length);
		}
		if (i % 5000 == 4999 && msync(map, size, MS_SYNC))
			err(1, "msync");
	}
	if (msync(map, size, MS_SYNC))
		err(1, "msync");
	for (size_t done = 0; done < size;) {
		ssize_t n = pread(fd, got + done, size - done, done);

		if (n <= 0)
			err(1, "pread");
		done += n;
	}
	if (memcmp(want, got, size))
		errx(1, "%s: read() gives other bytes than were stored", argv[1]);
	return 0;
}
