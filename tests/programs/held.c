// SPDX-License-Identifier: GPL-2.0
/*
 * held FILE: write() a page to a file from memory that is not there yet, so
 * that the kernel waits in the midst of its copy, with the write access that
 * it has for it. Prints "held <cpu>" once it waits there, and lets it go on
 * when standard input ends. Exits 0 when the page has then been written.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096

static int file;
static char *absent;
static atomic_int cpu;

static void *writer(void *unused)
{
	(void)unused;
	cpu = sched_getcpu();
	if (pwrite(file, absent, PAGE, 0) != PAGE)
		err(1, "write");
	return NULL;
}

int main(int argc, char **argv)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register region = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_copy copy = { .len = PAGE };
	char *page = malloc(PAGE), *back = malloc(PAGE), end;
	struct uffd_msg fault;
	pthread_t thread;
	int faults;

	if (argc != 2 || !page || !back)
		errx(2, "held FILE");
	file = open(argv[1], O_RDWR);
	faults = syscall(SYS_userfaultfd, O_CLOEXEC);
	absent = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	region.range.start = (unsigned long)absent;
	region.range.len = PAGE;
	if (file < 0 || faults < 0 || absent == MAP_FAILED ||
	    ioctl(faults, UFFDIO_API, &api) ||
	    ioctl(faults, UFFDIO_REGISTER, &region))
		err(1, "set-up");
	if (pthread_create(&thread, NULL, writer, NULL))
		errx(1, "no thread");
	if (read(faults, &fault, sizeof(fault)) != sizeof(fault))
		err(1, "no fault");
	printf("held %d\n", cpu);
	fflush(stdout);
	while (read(0, &end, 1) > 0)
		;

	memset(page, 'h', PAGE);
	copy.dst = (unsigned long)absent;
	copy.src = (unsigned long)page;
	if (ioctl(faults, UFFDIO_COPY, &copy))
		err(1, "UFFDIO_COPY");
	pthread_join(thread, NULL);
	if (pread(file, back, PAGE, 0) != PAGE || memcmp(back, page, PAGE))
		errx(1, "the page has not arrived");
	return 0;
}
