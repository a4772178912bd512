// SPDX-License-Identifier: GPL-2.0
/*
 * toggle FILE: measure what it takes to turn a namespace's protection on by its
 * FILE, in instructions as calls.c counts them. Prints "<median> <least> <most>".
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <x86intrin.h>

#define TIMES	21

static int compare(const void *a, const void *b)
{
	const unsigned long *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

int main(int argc, char **argv)
{
	unsigned long spent[TIMES], start;
	int file = argc == 2 ? open(argv[1], O_RDWR) : -1;
	ssize_t done;
	int i;

	if (file < 0)
		err(2, "toggle FILE");
	for (i = 0; i < TIMES; i++) {
		if (pwrite(file, "0", 1, 0) != 1)
			err(1, "off");
		start = __rdtsc();
		done = pwrite(file, "1", 1, 0);
		spent[i] = __rdtsc() - start;
		if (done != 1)
			err(1, "on");
	}
	qsort(spent, TIMES, sizeof(spent[0]), compare);
	printf("%lu %lu %lu\n", spent[TIMES / 2], spent[0], spent[TIMES - 1]);
	return 0;
}
