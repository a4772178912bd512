// SPDX-License-Identifier: GPL-2.0
/*
 * crowd COUNT: so many threads that sleep. Prints "held" when all are there, and
 * ends with standard input.
 */
#include <err.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define STACK 16384UL

static void *sleeper(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned long count = argc == 2 ? strtoul(argv[1], NULL, 0) : 0, i;
	pthread_attr_t attributes;
	pthread_t thread;
	char *stacks, end;

	/* One mapping for all: the kernel allows so many only. */
	stacks = mmap(NULL, count * STACK, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (!count || stacks == MAP_FAILED || pthread_attr_init(&attributes))
		err(2, "crowd COUNT");
	for (i = 0; i < count; i++) {
		if (pthread_attr_setstack(&attributes, stacks + i * STACK, STACK) ||
		    pthread_create(&thread, &attributes, sleeper, NULL))
			errx(1, "thread %lu", i);
	}
	printf("held\n");
	fflush(stdout);
	while (read(0, &end, 1) > 0)
		;
	return 0;
}
