// SPDX-License-Identifier: GPL-2.0
/*
 * sleepers DIRECTORY COUNT: so many threads, each of which write()s a page to a
 * file of its own from memory that is not there yet, so that all of them sleep in
 * the midst of the kernel's copy at the same time. Prints "held" when they do, and
 * lets them go on when standard input ends. Exits 0 when all pages have arrived.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096

static char *absent;
static int *files;

static void *writer(void *number)
{
	long i = (long)number;

	if (pwrite(files[i], absent + i * PAGE, PAGE, 0) != PAGE)
		err(1, "write %ld", i);
	return NULL;
}

int main(int argc, char **argv)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register region = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	long count = argc == 3 ? atol(argv[2]) : 0, i;
	struct rlimit limit = { count + 64, count + 64 };
	char *page = calloc(1, PAGE), *back = malloc(PAGE), name[256], end;
	struct uffd_msg fault;
	pthread_attr_t small;
	pthread_t *threads;
	int faults;

	if (!count)
		errx(2, "sleepers DIRECTORY COUNT");
	threads = calloc(count, sizeof(*threads));
	files = calloc(count, sizeof(*files));
	absent = mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	faults = syscall(SYS_userfaultfd, O_CLOEXEC);
	region.range.start = (unsigned long)absent;
	region.range.len = count * PAGE;
	if (!page || !back || !threads || !files || absent == MAP_FAILED ||
	    faults < 0 || setrlimit(RLIMIT_NOFILE, &limit) ||
	    ioctl(faults, UFFDIO_API, &api) ||
	    ioctl(faults, UFFDIO_REGISTER, &region))
		err(1, "set-up");
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 32768);
	for (i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%s/%ld", argv[1], i);
		files[i] = open(name, O_RDWR | O_CREAT, 0600);
		if (files[i] < 0 || pwrite(files[i], page, PAGE, 0) != PAGE)
			err(1, "%s", name);
	}
	for (i = 0; i < count; i++)
		if (pthread_create(&threads[i], &small, writer, (void *)i))
			errx(1, "thread %ld", i);
	for (i = 0; i < count; i++)
		if (read(faults, &fault, sizeof(fault)) != sizeof(fault))
			err(1, "fault %ld", i);
	printf("held\n");
	fflush(stdout);
	while (read(0, &end, 1) > 0)
		;

	for (i = 0; i < count; i++) {
		struct uffdio_copy copy = {
			.dst = (unsigned long)absent + i * PAGE,
			.src = (unsigned long)page,
			.len = PAGE,
		};

		memset(page, 'a' + i % 26, PAGE);
		if (ioctl(faults, UFFDIO_COPY, &copy))
			err(1, "UFFDIO_COPY %ld", i);
	}
	for (i = 0; i < count; i++) {
		pthread_join(threads[i], NULL);
		memset(page, 'a' + i % 26, PAGE);
		if (pread(files[i], back, PAGE, 0) != PAGE ||
		    memcmp(back, page, PAGE))
			errx(1, "page %ld has not arrived", i);
	}
	return 0;
}
