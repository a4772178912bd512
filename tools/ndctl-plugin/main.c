// SPDX-License-Identifier: GPL-2.0
/*
 * ndctl-pks: what an administrator does with the module pmem_pks, in ndctl's manner.
 *
 * The rooms, lowest first; each uses only those above it in this list:
 *   text        what may be printed of a string that somebody else chose
 *   since       the option --since
 *   output      a file that is replaced as a whole
 *   configured  whether this machine is meant to have the module
 *   conf        the language of the configuration
 *   confdir     its files
 *   module      the files of pmem_pks, and nothing else of /sys
 *   select      which buses, DIMMs, regions and namespaces are meant
 *   json        ndctl's objects, and ours
 *   table       the same as lines
 *   disk        from an offset in a namespace to one on a disk
 *   ext4        which group of ext4 a block of metadata is of
 *   files       which file has the byte that was hit
 *   records     the records of stray accesses, as they come
 *   sink        where the monitor's events go
 *   facts       what a report says of the machine, its kernel and the module
 *   html        a report's form for a browser
 *   finding     what a check has found
 *   bytes       whole files, unpacked
 *   symtab      the names that a kernel has
 *   image       the same, of a kernel that does not run
 *   needs       what the module needs of a kernel, by its own table
 *   machine     the CPU, and what this machine demands of a module
 *   holders     what has a function that the module would hook
 *   list, switch, status, check, selftest, log, monitor, metrics, report, config
 *               the commands
 *   main        which command is meant
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "command.h"
#include "text.h"

static const struct command commands[] = {
	{ "list", "[<options>]",
	  "list namespaces, and how they are protected", list_options, list_run },
	{ "enable", "<namespace> [<namespace>..] [<options>]",
	  "turn the protection of namespaces on", switch_options, enable_run },
	{ "disable", "<namespace> [<namespace>..] [<options>]",
	  "turn the protection of namespaces off", switch_options, disable_run },
	{ "set-mode", "<mode> <namespace> [<namespace>..] [<options>]",
	  "choose what is done about stray writes", set_mode_options, set_mode_run },
	{ "status", "[<options>]",
	  "say whether all is protected, and if not, why", status_options, status_run },
	{ "check", "[<options>]",
	  "say whether this machine, or a kernel, can be protected", check_options, check_run },
	{ "selftest", "[<namespace>..] [<options>]",
	  "prove that protection works, without harm", selftest_options, selftest_run },
	{ "log", "[<options>]",
	  "show the records of stray writes", log_options, log_run },
	{ "monitor", "[<options>]",
	  "tell of stray writes as they come", monitor_options, monitor_run },
	{ "metrics", "[<options>]",
	  "print the counters for Prometheus", metrics_options, metrics_run },
	{ "report", "[<options>]",
	  "make a report to attach to a bug", report_options, report_run },
	{ "config", "[<key> [<value>]] [<options>]",
	  "show and change what lasts, and put it in force", config_options, config_run },
};

#define COMMANDS	ARRAY_SIZE(commands)

static const struct command *find(const char *name)
{
	size_t i;

	for (i = 0; i < COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

/**
 * usage_error() - say how a command is called, and where more is said
 * @command: the command
 *
 * Return: the exit status.
 */
int usage_error(const struct command *command)
{
	fprintf(stderr, "usage: ndctl-pks %s %s\n", command->name, command->usage);
	return STATUS_USAGE;
}

/**
 * option_error() - say which option getopt_long() has refused, and how the command is called
 * @command: the command
 * @argv: what was given to getopt_long()
 *
 * getopt() itself would print the option as it is, whatever it has in it.
 *
 * Return: the exit status.
 */
int option_error(const struct command *command, char **argv)
{
	char letter[] = { '-', optopt, '\0' };

	warnx("%s: no such option, or not with such an argument",
	      text_of(optopt ? letter : argv[optind - 1]).s);
	return usage_error(command);
}

static void summary(FILE *file)
{
	size_t i;

	fputs("usage: ndctl-pks [--version] [--help] COMMAND [ARGS]\n\n", file);
	for (i = 0; i < COMMANDS; i++)
		fprintf(file, "  %-10s %s\n", commands[i].name, commands[i].summary);
	fputs("\nSee 'ndctl-pks help COMMAND' for the manual page of a command.\n", file);
}

static int unknown_command(const char *name)
{
	warnx("no command %s: see ndctl-pks --help", text_of(name).s);
	return STATUS_UNKNOWN_COMMAND;
}

/* Without man, what is known here has to do. */
static int help(int argc, char **argv)
{
	const struct command *of = NULL;
	char page[64] = "ndctl-pks";

	if (argc > 1) {
		of = find(argv[1]);
		if (!of)
			return unknown_command(argv[1]);
		snprintf(page, sizeof(page), "ndctl-pks-%s", of->name);
	}
	execlp("man", "man", page, NULL);
	warn("cannot run man %s", page);
	if (of)
		printf("usage: ndctl-pks %s %s\n", of->name, of->usage);
	else
		summary(stdout);
	return EXIT_SUCCESS;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct ndctl_ctx *ctx;
	int error, status;

	error = ndctl_new(&ctx);
	if (error < 0) {
		errno = -error;
		warn("libndctl");
		return status_of(error);
	}
	opterr = 0;
	status = command->run(ctx, command, argc, argv);
	ndctl_unref(ctx);
	return status;
}

/* For completion, as ndctl has them */
static int list_commands(void)
{
	size_t i;

	for (i = 0; i < COMMANDS; i++)
		puts(commands[i].name);
	return EXIT_SUCCESS;
}

static int list_options_of(const struct command *command)
{
	const struct option *option;

	for (option = command->options; option->name; option++)
		printf("--%s%s\n", option->name, option->has_arg ? "=" : "");
	return EXIT_SUCCESS;
}

/* Of the command that argv[0] names */
static int dispatch(int argc, char **argv)
{
	const char *first = argc > 1 ? argv[1] : "";
	const struct command *command;

	if (!strcmp(argv[0], "--version") || !strcmp(argv[0], "version")) {
		puts(VERSION);
		return EXIT_SUCCESS;
	}
	if (!strcmp(argv[0], "--list-cmds"))
		return list_commands();
	if (!strcmp(argv[0], "--help") || !strcmp(argv[0], "-h") || !strcmp(argv[0], "help"))
		return help(argc, argv);
	command = find(argv[0]);
	if (!command)
		return unknown_command(argv[0]);
	if (!strcmp(first, "--list-opts"))
		return list_options_of(command);
	if (!strcmp(first, "--help") || !strcmp(first, "-h")) {
		argv[1] = argv[0];
		return help(2, argv);
	}
	return run(command, argc, argv);
}

/*
 * Whoever starts us may have closed one of the three. What is opened next would be it:
 * daemon(3) would put /dev/null in its place, and warnx() write into it. What can't be
 * written to fails as what is closed does.
 */
static void open_standard(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	int status;

	open_standard();
	if (argc < 2) {
		summary(stderr);
		return STATUS_UNKNOWN_COMMAND;
	}
	status = dispatch(argc - 1, argv + 1);
	/* A full disk, say. A pipe that is not read any more has killed us before that. */
	if (fflush(stdout) || ferror(stdout)) {
		warn("cannot write the output");
		return status_of(-EIO);
	}
	return status;
}
