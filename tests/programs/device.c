// SPDX-License-Identifier: GPL-2.0
/*
 * device DEVICE MEGABYTES SEED [FILE]: map DEVICE (device-dax), write it from
 * a parent and its child, and check it there and through a mapping made anew.
 * With FILE, check only, and write it all to FILE with O_DIRECT, so that its
 * pages are pinned while the kernel reads them, and check FILE. Exits 0 when
 * all is as written.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static size_t size;
static __u64 seed;

static __u64 word(size_t i)
{
	__u64 x = (i + 1) * 0x9e3779b97f4a7c15 + seed;

	return x ^ x >> 29;
}

static __u64 *map(const char *device)
{
	int fd = open(device, O_RDWR);
	__u64 *words;

	if (fd < 0)
		err(1, "%s", device);
	words = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (words == MAP_FAILED)
		err(1, "mmap");
	close(fd);
	return words;
}

/* The even pages or the odd ones */
static void fill(__u64 *words, unsigned int odd)
{
	for (size_t i = 0; i < size / 8; i++)
		if (i / 512 % 2 == odd)
			words[i] = word(i);
}

static void check(const __u64 *words, const char *when)
{
	for (size_t i = 0; i < size / 8; i++)
		if (words[i] != word(i))
			errx(1, "%s: word %zu differs", when, i);
}

static void copy_to(const char *file, const __u64 *words)
{
	int fd = open(file, O_RDWR | O_DIRECT);
	__u64 *copy;

	if (fd < 0)
		err(1, "%s", file);
	for (size_t done = 0; done < size;) {
		ssize_t n = pwrite(fd, (char *)words + done, size - done, done);

		if (n <= 0)
			err(1, "%s", file);
		done += n;
	}
	if (fsync(fd))
		err(1, "%s", file);

	copy = mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (copy == MAP_FAILED)
		err(1, "mmap");
	for (size_t done = 0; done < size;) {
		ssize_t n = pread(fd, (char *)copy + done, size - done, done);

		if (n <= 0)
			err(1, "%s", file);
		done += n;
	}
	check(copy, file);
}

int main(int argc, char **argv)
{
	__u64 *words;
	pid_t child;
	int status;

	if (argc < 4)
		errx(2, "device DEVICE MEGABYTES SEED [FILE]");
	size = strtoul(argv[2], NULL, 0) << 20;
	seed = strtoull(argv[3], NULL, 0);
	words = map(argv[1]);
	if (argc > 4) {
		check(words, "later");
		copy_to(argv[4], words);
		return 0;
	}

	/* The parent writes before, so that the child inherits page tables. */
	fill(words, 1);
	child = fork();
	if (!child) {
		fill(words, 0);
		_exit(0);
	}
	fill(words, 1);
	if (child < 0 || waitpid(child, &status, 0) != child || status)
		errx(1, "the child fails");
	check(words, "the child's writes");
	/* Device-dax has no fsync: the CPU's caches are flushed by the program. */
	if (msync(words, size, MS_ASYNC))
		err(1, "msync");
	if (!msync(words, size, MS_SYNC) || errno != EINVAL)
		errx(1, "MS_SYNC is not refused");
	for (size_t i = 0; i < size / 8; i += 8)
		__builtin_ia32_clflush(&words[i]);
	__builtin_ia32_sfence();
	munmap(words, size);
	check(map(argv[1]), "mapped anew");
	return 0;
}
