// SPDX-License-Identifier: GPL-2.0
/*
 * Where the monitor's events go: syslog, standard output, or a file.
 *
 * No event is lost, and no failure ends the monitor. What can't be written, as a disk is
 * full, goes to syslog. That is told once, until something could be written again.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "json.h"
#include "sink.h"
#include "text.h"

static bool sink_is_file(const struct sink *sink)
{
	return strcmp(sink->where, "syslog") && strcmp(sink->where, "standard");
}

/*
 * Only a regular file, and no link to one: we may be root, and the directory somebody
 * else's. A pipe without a reader would hold us up.
 */
static int open_file(const char *name)
{
	struct stat st;
	int fd = open(name, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
		      O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return -EEXIST;
}

static const char *why(int error)
{
	switch (error) {
	case -EEXIST:
		return "it is there, and no regular file";
	case -ELOOP:
		return "it is a symbolic link";
	default:
		return strerror(-error);
	}
}

static void say(const struct sink *sink, int error, const char *more)
{
	warnx("%s: %s%s", text_of(sink->where).s, why(error), more);
}

/* Say it, and where there may be nobody who hears that, too. */
static void tell(const struct sink *sink, int error)
{
	say(sink, error, ". The events go to syslog");
	syslog(LOG_WARNING, "%s: %s. The events come here", text_of(sink->where).s,
	       why(error));
}

/**
 * sink_open() - get ready to write
 * @sink: it; @where and @human are set, and the rest is 0
 *
 * Return: 0 or a negative error, which was said.
 */
int sink_open(struct sink *sink)
{
	int error = 0, flags;

	openlog("ndctl-pks", LOG_PID, LOG_DAEMON);
	sink->fd = -1;
	if (!strcmp(sink->where, "standard")) {
		sink->fd = STDOUT_FILENO;
		/* If it was closed, it can be read only: see main() */
		flags = fcntl(STDOUT_FILENO, F_GETFL);
		error = flags < 0 || (flags & O_ACCMODE) == O_RDONLY ? -EBADF : 0;
	} else if (sink_is_file(sink)) {
		sink->fd = open_file(sink->where);
		error = sink->fd < 0 ? sink->fd : 0;
	}
	if (error)
		say(sink, error, "");
	return error;
}

/**
 * sink_close() - undo sink_open()
 * @sink: it
 */
void sink_close(struct sink *sink)
{
	if (sink_is_file(sink) && sink->fd >= 0)
		close(sink->fd);
	sink->fd = -1;
	closelog();
}

/**
 * sink_reopen() - open the file anew, which may have got another name
 * @sink: it
 */
void sink_reopen(struct sink *sink)
{
	int fd;

	if (!sink_is_file(sink))
		return;
	fd = open_file(sink->where);
	if (fd < 0)
		tell(sink, fd);
	if (sink->fd >= 0)
		close(sink->fd);
	sink->fd = fd < 0 ? -1 : fd;
	sink->failing = false;
	sink->torn = false;
}

/*
 * Wait until who reads standard output takes more, if it takes its time: what is at most
 * PIPE_BUF then does not wait in write(). Nothing but a signal may end that wait, so here
 * they do what they do to any program.
 */
static void wait_for_reader(void)
{
	struct pollfd reader = { .fd = STDOUT_FILENO, .events = POLLOUT };
	sigset_t set;

	sigprocmask(SIG_BLOCK, NULL, &set);
	sigdelset(&set, SIGINT);
	sigdelset(&set, SIGTERM);
	ppoll(&reader, 1, NULL, &set);
}

/* A line whose end could not be written is ended before the next one begins. */
static int write_event(struct sink *sink, const char *event)
{
	size_t done = 0, size, part;
	int len, ret = 0;
	ssize_t written;
	char *text;

	len = asprintf(&text, "%s%s\n", sink->torn ? "\n" : "", event);
	if (len < 0)
		return -ENOMEM;
	size = len;
	while (!ret && done < size) {
		part = size - done;
		if (!sink_is_file(sink)) {
			part = part < PIPE_BUF ? part : PIPE_BUF;
			wait_for_reader();
		}
		written = write(sink->fd, text + done, part);
		if (written < 0)
			ret = -errno;
		else
			done += written;
	}
	free(text);
	if (done)
		sink->torn = ret;
	return ret;
}

/* Return: 0 or a negative error. */
static int put_in_form(struct sink *sink, struct json_object *event)
{
	char *text = json_text(event, sink->human ? JSON_C_TO_STRING_PRETTY :
			       JSON_C_TO_STRING_PLAIN);
	int error = text ? write_event(sink, text) : -ENOMEM;

	free(text);
	return error;
}

/**
 * sink_put() - write an event
 * @sink: it
 * @event: the event
 */
void sink_put(struct sink *sink, struct json_object *event)
{
	char *text;
	int error;

	/* It could not be opened after a rotation of logs, as the disk was full, say */
	if (sink->fd < 0 && sink_is_file(sink))
		sink->fd = open_file(sink->where);
	if (sink->fd >= 0) {
		error = put_in_form(sink, event);
		if (error && !sink->failing)
			tell(sink, error);
		sink->failing = error;
		if (!error)
			return;
	}
	text = json_text(event, JSON_C_TO_STRING_PLAIN);
	syslog(LOG_NOTICE, "%s", text ?: "there is no memory to tell of an event");
	free(text);
}
