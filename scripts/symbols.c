// SPDX-License-Identifier: GPL-2.0
/*
 * make symbols: does a kernel that need not run have all that pmem_pks relies on? A line
 * for each option, symbol and hook, as "ndctl-pks check" prints it, by the same rooms. It
 * needs none of the libraries that ndctl-pks is built on.
 *
 * Exit status: 0 it has all that is needed, 1 something is missing, 2 that can't be told.
 */
#include <err.h>
#include <getopt.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include "needs.h"
#include "text.h"

static unsigned int missing;

static void hear(void *unused, const struct finding *finding)
{
	(void)unused;
	missing += finding->verdict == FINDING_NO;
	finding_print(stdout, finding);
}

static void read_or_die(int error, const char *path)
{
	if (error)
		errx(2, "that can't be told: %s: %s", text_of(path).s, needs_error(error));
}

/* Return: a path, or what is given instead. */
static const char *path(const char *given, const char *format, const char *release)
{
	char *made;

	if (given)
		return given;
	if (asprintf(&made, format, release) < 0)
		err(2, "no memory");
	return made;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "kver", required_argument, NULL, 'k' },
		{ "system-map", required_argument, NULL, 's' },
		{ "image", required_argument, NULL, 'i' },
		{ "config", required_argument, NULL, 'c' },
		{ "modules", required_argument, NULL, 'm' },
		{ }
	};
	static struct needs_kernel kernel;
	const struct listener to = { hear, NULL };
	const char *given[256] = { };
	struct utsname name;
	const char *image;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?')
			return 2;
		given[option] = optarg;
	}
	if (optind < argc || uname(&name))
		errx(2,
		     "usage: symbols [--kver=] [--system-map= | --image=] [--config=] [--modules=]");
	if (!given['k'])
		given['k'] = name.release;
	image = path(given['i'], "/boot/vmlinuz-%s", given['k']);
	given['c'] = path(given['c'], "/boot/config-%s", given['k']);
	kernel.modules = path(given['m'], "/lib/modules/%s", given['k']);
	read_or_die(needs_symbols(&kernel, given['s'], image), given['s'] ?: image);
	read_or_die(needs_options(&kernel, given['c']), given['c']);
	needs_check_options(&kernel, &to);
	needs_check_symbols(&kernel, &to);
	if (missing) {
		printf("%u of what is needed is missing: pmem_pks will not load\n", missing);
		return 1;
	}
	puts("All that is needed is there.");
	return 0;
}
