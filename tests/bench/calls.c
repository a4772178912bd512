// SPDX-License-Identifier: GPL-2.0
/*
 * calls FILE DISK: measure what a user's process pays, in instructions as the TSC
 * counts them in QEMU with -icount shift=0. FILE is on DAX, written, and of
 * 1 MiB or more. DISK has 1 MiB at least. Prints a line "<name> <median> <least>
 * <most>" for each thing measured.
 *
 * Each call is measured by itself, and the median of many has no tick of the
 * timer in it, no inode's time to be changed and no list to be refilled.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <x86intrin.h>

#define KIB	1024UL
#define MIB	(1024 * KIB)
#define PAGE	(4 * KIB)
#define TIMES	401
#define LARGE_TIMES 21

static unsigned long spent[TIMES];
static char *buffer;
static int file;

static int compare(const void *a, const void *b)
{
	const unsigned long *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void print(const char *name, int times)
{
	qsort(spent, times, sizeof(spent[0]), compare);
	printf("%s %lu %lu %lu\n", name, spent[times / 2], spent[0],
	       spent[times - 1]);
}

static void measure_write(const char *name, size_t size, int times)
{
	unsigned long start;
	ssize_t done;
	int i;

	for (i = 0; i < times; i++) {
		start = __rdtsc();
		done = pwrite(file, buffer, size, 0);
		spent[i] = __rdtsc() - start;
		if (done != (ssize_t)size)
			err(1, "pwrite");
	}
	print(name, times);
}

static void measure_read(const char *name, size_t size, int times)
{
	unsigned long start;
	ssize_t done;
	int i;

	for (i = 0; i < times; i++) {
		start = __rdtsc();
		done = pread(file, buffer, size, 0);
		spent[i] = __rdtsc() - start;
		if (done != (ssize_t)size)
			err(1, "pread");
	}
	print(name, times);
}

/* The kernel's copy takes a page fault on the buffer, in the midst of its write. */
static void measure_write_fault(const char *name, int times)
{
	unsigned long start;
	ssize_t done;
	int i;

	for (i = 0; i < times; i++) {
		if (madvise(buffer, PAGE, MADV_DONTNEED))
			err(1, "madvise");
		start = __rdtsc();
		done = pwrite(file, buffer, PAGE, 0);
		spent[i] = __rdtsc() - start;
		if (done != (ssize_t)PAGE)
			err(1, "pwrite");
	}
	print(name, times);
}

/* O_DIRECT, into FILE's own pages. */
static void measure_direct(const char *name, int disk, size_t size, int times)
{
	unsigned long start;
	ssize_t done;
	char *pages;
	int i;

	pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (pages == MAP_FAILED)
		err(1, "mmap");
	memset(pages, 'd', size);
	for (i = 0; i < times; i++) {
		start = __rdtsc();
		done = pread(disk, pages, size, 0);
		spent[i] = __rdtsc() - start;
		if (done != (ssize_t)size)
			err(1, "pread of the disk");
	}
	munmap(pages, size);
	print(name, times);
}

/* Fresh pages of one mapping, whose first one has been touched before. */
static void measure_faults(const char *name, int times)
{
	size_t size = (times + 1) * PAGE;
	char *pages;
	unsigned long start;
	int i;

	pages = mmap(NULL, size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED)
		err(1, "mmap");
	__atomic_store_n(&pages[0], 1, __ATOMIC_RELAXED);
	for (i = 0; i < times; i++) {
		start = __rdtsc();
		__atomic_store_n(&pages[(i + 1) * PAGE], 1, __ATOMIC_RELAXED);
		spent[i] = __rdtsc() - start;
	}
	munmap(pages, size);
	print(name, times);
}

int main(int argc, char **argv)
{
	int disk;

	/* Or khugepaged may map pages before they are touched. */
	if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0))
		err(1, "prctl");
	file = argc == 3 ? open(argv[1], O_RDWR) : -1;
	disk = argc == 3 ? open(argv[2], O_RDONLY | O_DIRECT) : -1;
	buffer = mmap(NULL, MIB, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (file < 0 || disk < 0 || buffer == MAP_FAILED)
		err(2, "calls FILE DISK");
	memset(buffer, 'b', MIB);
	memset(spent, 0, sizeof(spent));
	measure_faults("fault", TIMES);
	measure_write("pwrite-4k", 4 * KIB, TIMES);
	measure_write("pwrite-1m", MIB, LARGE_TIMES);
	measure_read("pread-64", 64, TIMES);
	measure_write_fault("pwrite-fault", TIMES);
	measure_direct("direct-64k", disk, 64 * KIB, LARGE_TIMES);
	return 0;
}
