// SPDX-License-Identifier: GPL-2.0
/*
 * pressure MEGABYTES CHILDREN: fill that much memory, and have children, which
 * share it at first, each check all of it in an order of its own and write its
 * part anew. With less RAM than that, pages go to swap and come back. Exits 0
 * when each process found what it should find.
 */
#include <err.h>
#include <linux/types.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE_WORDS	512
/* A prime: a walk in such steps comes by each page. */
#define STRIDE		4099

static __u64 *memory;
static size_t pages;

static void fill(size_t page, __u64 seed)
{
	__u64 first = (page + 1) * 0x9e3779b97f4a7c15 ^ seed;

	for (unsigned long i = 0; i < PAGE_WORDS; i++)
		memory[page * PAGE_WORDS + i] = first + i * 0x5851f42d4c957f2d;
}

static void check(size_t page, __u64 seed)
{
	__u64 first = (page + 1) * 0x9e3779b97f4a7c15 ^ seed;

	for (unsigned long i = 0; i < PAGE_WORDS; i++)
		if (memory[page * PAGE_WORDS + i] != first + i * 0x5851f42d4c957f2d)
			errx(1, "page %zu has other data in word %lu (process %llu)", page, i,
			     (unsigned long long)seed);
}

static void child(unsigned int number, unsigned int children)
{
	size_t step, page;

	for (step = 0, page = number * pages / children; step < pages; step++) {
		page = (page + STRIDE) % pages;
		check(page, 0);
		if (page % children == number)
			fill(page, number + 1);
	}
	for (page = 0; page < pages; page++)
		check(page, page % children == number ? number + 1 : 0);
	_exit(0);
}

int main(int argc, char **argv)
{
	unsigned int children, i;
	int status, failed = 0;
	size_t page;

	if (argc != 3)
		errx(2, "pressure MEGABYTES CHILDREN");
	pages = strtoul(argv[1], NULL, 0) << 8;
	children = atoi(argv[2]);
	memory = mmap(NULL, pages * 8 * PAGE_WORDS, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		err(1, "mmap");
	for (page = 0; page < pages; page++)
		fill(page, 0);
	for (i = 0; i < children; i++) {
		pid_t pid = fork();

		if (pid < 0)
			err(1, "fork");
		if (!pid)
			child(i, children);
	}
	while (wait(&status) > 0)
		failed |= status;
	if (failed)
		errx(1, "a child failed");
	for (page = 0; page < pages; page++)
		check(page, 0);
	return 0;
}
