/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NDCTL_PKS_COMMAND_H
#define NDCTL_PKS_COMMAND_H

#include <getopt.h>

#include <ndctl/libndctl.h>

/* The exit statuses are ndctl's: 256 less an error of errno.h, or one of these. */
#define STATUS_UNKNOWN_COMMAND	1
#define STATUS_USAGE		129

/**
 * status_of() - the exit status for an error
 * @error: a negative error of errno.h, or 0
 */
static inline int status_of(int error)
{
	return error & 0xff;
}

struct command {
	const char *name;
	const char *usage;		/* what follows the name */
	const char *summary;
	const struct option *options;
	/* Return: the exit status. argv[0] is the command's name. */
	int (*run)(struct ndctl_ctx *ctx, const struct command *command, int argc,
		   char **argv);
};

int usage_error(const struct command *command);
int option_error(const struct command *command, char **argv);

extern const struct option
	list_options[],
	switch_options[],
	set_mode_options[],
	status_options[],
	check_options[],
	selftest_options[],
	log_options[],
	monitor_options[],
	metrics_options[],
	report_options[],
	config_options[];

int list_run(struct ndctl_ctx *ctx, const struct command *command, int argc, char **argv);
int enable_run(struct ndctl_ctx *ctx, const struct command *command, int argc, char **argv);
int disable_run(struct ndctl_ctx *ctx, const struct command *command, int argc, char **argv);
int set_mode_run(struct ndctl_ctx *ctx, const struct command *command, int argc, char **argv);
int status_run(struct ndctl_ctx *ctx, const struct command *command, int argc, char **argv);
int check_run(struct ndctl_ctx *ctx, const struct command *command, int argc, char **argv);
int selftest_run(struct ndctl_ctx *ctx, const struct command *command, int argc, char **argv);
int log_run(struct ndctl_ctx *ctx, const struct command *command, int argc, char **argv);
int monitor_run(struct ndctl_ctx *ctx, const struct command *command, int argc, char **argv);
int metrics_run(struct ndctl_ctx *ctx, const struct command *command, int argc, char **argv);
int report_run(struct ndctl_ctx *ctx, const struct command *command, int argc, char **argv);
int config_run(struct ndctl_ctx *ctx, const struct command *command, int argc, char **argv);

#endif
