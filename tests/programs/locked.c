// SPDX-License-Identifier: GPL-2.0
/*
 * locked load|read FILE: with all its memory locked, now and later, load a module
 * or copy a file to the output.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char text[4096];
	ssize_t length;
	int fd;

	if (argc != 3)
		errx(2, "load|read FILE");
	fd = open(argv[2], O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", argv[2]);
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		err(1, "mlockall");
	if (!strcmp(argv[1], "load")) {
		if (syscall(SYS_finit_module, fd, "", 0))
			err(1, "finit_module");
		return 0;
	}
	while ((length = read(fd, text, sizeof(text))) > 0)
		if (write(STDOUT_FILENO, text, length) != length)
			err(1, "write");
	if (length < 0)
		err(1, "read");
	return 0;
}
