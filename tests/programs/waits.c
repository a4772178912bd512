// SPDX-License-Identifier: GPL-2.0
/*
 * waits FILE: wait by poll() until a counter in sysfs has changed, and print
 * what it is then. Prints "waiting <what it is now>" first. Exits 1 when nothing
 * happens in 20 seconds.
 */
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static long read_counter(int file)
{
	char text[32];
	ssize_t n = pread(file, text, sizeof(text) - 1, 0);

	if (n <= 0)
		err(2, "read");
	text[n] = '\0';
	return atol(text);
}

int main(int argc, char **argv)
{
	struct pollfd wait = { .events = POLLPRI };

	wait.fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
	if (wait.fd < 0)
		err(2, "waits FILE");
	printf("waiting %ld\n", read_counter(wait.fd));
	fflush(stdout);
	if (poll(&wait, 1, 20000) != 1)
		errx(1, "nothing happens");
	printf("woken %ld\n", read_counter(wait.fd));
	return 0;
}
