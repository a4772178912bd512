// SPDX-License-Identifier: GPL-2.0
/*
 * unprivileged COMMAND...: run a command as a user who has no rights at all.
 */
#define _GNU_SOURCE
#include <err.h>
#include <grp.h>
#include <unistd.h>

#define NOBODY 65534

int main(int argc, char **argv)
{
	if (argc < 2)
		errx(2, "unprivileged COMMAND...");
	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY))
		err(1, "not root");
	execvp(argv[1], argv + 1);
	err(1, "%s", argv[1]);
}
