// SPDX-License-Identifier: GPL-2.0
/*
 * "ndctl-pks monitor": tell of stray accesses as they come, and of the module, when it
 * comes and goes.
 *
 * It sleeps in poll() until the module has counted, the kernel has sent a uevent, or a
 * signal has come. It has no timer. The records that are there when it starts are told
 * of first. A record of a kind that is not known here is passed on as it is.
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "array.h"
#include "command.h"
#include "json.h"
#include "module.h"
#include "records.h"
#include "select.h"
#include "sink.h"
#include "text.h"

struct monitor {
	struct selection sel;
	const char *conf;		/* the file, or NULL for the one that need not be */
	char *settings[5];		/* what it says, in the order of the keys */
	bool daemon;
	struct sink sink;
	struct records records;
	enum state { STATE_UNKNOWN, STATE_LOADED, STATE_NOT_LOADED } state;
	struct json_object *devices;	/* that there are; true: selected; NULL: not asked */
};

/* A line without its comment, and without white space around it. */
static char *trim(char *line)
{
	char *c, *end = line;

	line += strspn(line, " \t");
	for (c = line; *c && *c != '\n'; c++) {
		if (*c == '#' && (c == line || c[-1] == ' ' || c[-1] == '\t'))
			break;
		if (*c != ' ' && *c != '\t')
			end = c + 1;
	}
	*(end > line ? end : line) = '\0';
	return line;
}

/* Return: what is wrong with the line, or NULL. */
static const char *take_line(struct monitor *m, char *line, bool *in_section)
{
	static const char * const keys[] = { "bus", "region", "dimm", "namespace", "log" };
	char *value;
	size_t i;

	if (*line == '[') {
		*in_section = !strcmp(line, "[monitor]");
		return *in_section ? NULL : "there is only the section [monitor]";
	}
	if (!*in_section)
		return "[monitor] has to come first";
	value = strchr(line, '=');
	if (!value)
		return "it has to be <key> = <value>";
	*value++ = '\0';
	value = trim(value);
	line = trim(line);
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strcmp(line, keys[i]))
			break;
	if (i == ARRAY_SIZE(keys))
		return "there are only the keys bus, region, dimm, namespace and log";
	if (!*value)
		return "there is no value";
	free(m->settings[i]);
	m->settings[i] = strdup(value);
	return m->settings[i] ? NULL : strerror(ENOMEM);
}

/* What an option says holds, and not what the file says. */
static void apply_settings(struct monitor *m)
{
	const char **values[] = {
		&m->sel.bus, &m->sel.region, &m->sel.dimm, &m->sel.namespace, &m->sink.where,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(values); i++)
		if (!*values[i])
			*values[i] = m->settings[i];
}

/* Return: 0 or a negative error, which was said. */
static int read_conf(struct monitor *m)
{
	const char *name = m->conf ?: MONITOR_CONF, *wrong = NULL;
	bool in_section = false;
	unsigned int number = 0;
	char *line = NULL, *text;
	size_t size = 0;
	ssize_t len;
	int ret = 0;
	FILE *file;

	file = fopen(name, "re");
	if (!file && errno == ENOENT && !m->conf)
		return 0;
	if (!file) {
		ret = -errno;
		warn("%s", text_of(name).s);
		return ret;
	}
	errno = 0;
	while (!wrong && (len = getline(&line, &size, file)) >= 0) {
		number++;
		if (strlen(line) != (size_t)len)
			wrong = "it has a byte that is 0";
		text = trim(line);
		if (!wrong && *text)
			wrong = take_line(m, text, &in_section);
	}
	if (wrong) {
		warnx("%s:%u: %s", text_of(name).s, number, wrong);
		ret = -EINVAL;
	} else if (ferror(file)) {
		ret = errno ? -errno : -EIO;
		warnx("%s: %s", text_of(name).s, strerror(-ret));
	}
	free(line);
	fclose(file);
	if (!ret)
		apply_settings(m);
	return ret;
}

static int note_device(struct ndctl_namespace *ndns, void *arg)
{
	json_object_object_add(arg, module_device(ndns), json_object_new_boolean(false));
	return 0;
}

static int note_meant(struct ndctl_namespace *ndns, void *arg)
{
	json_object_object_add(arg, module_device(ndns), json_object_new_boolean(true));
	return 0;
}

/* libndctl looks at the system once. What it is now, only a new context knows. */
static void ask_for_devices(struct monitor *m)
{
	const struct selection all = { .idle = true };
	struct ndctl_ctx *ctx;

	m->devices = json_object_new_object();
	if (ndctl_new(&ctx) < 0)
		return;
	select_each(ctx, &all, note_device, m->devices);
	select_each(ctx, &m->sel, note_meant, m->devices);
	ndctl_unref(ctx);
}

/*
 * A namespace may be no more. Then its name has to do, and without one that is meant nobody
 * knows: an event too many is better than none.
 */
static bool is_meant(struct monitor *m, const char *namespace)
{
	const struct selection *sel = &m->sel;
	struct json_object *meant;

	if (!*namespace || !(sel->bus || sel->region || sel->dimm || sel->namespace))
		return true;
	if (!m->devices)
		ask_for_devices(m);
	if (sel->namespace && select_is_listed(sel->namespace, namespace))
		return true;
	if (json_object_object_get_ex(m->devices, namespace, &meant))
		return json_object_get_boolean(meant);
	return !sel->namespace;
}

static struct json_object *new_event(const char *kind)
{
	struct json_object *event = json_object_new_object();

	json_object_object_add(event, "event", json_object_new_string(kind));
	return event;
}

static const char *kind_of(struct json_object *record)
{
	const char *access = json_string(record, "access");

	if (!strcmp(access, "write"))
		return "stray-write";
	return !strcmp(access, "read") ? "stray-read" : "unknown";
}

static struct json_object *event_of(struct json_object *record, bool human)
{
	struct json_object *event = new_event(kind_of(record));
	char hex[32];

	json_object_object_foreach(record, name, value) {
		if (!strcmp(name, "event"))
			continue;
		if (human && !strcmp(name, "offset") &&
		    json_object_is_type(value, json_type_int)) {
			snprintf(hex, sizeof(hex), "%#llx",
				 (unsigned long long)json_object_get_int64(value));
			json_object_object_add(event, name, json_object_new_string(hex));
		} else {
			json_object_object_add(event, name, json_object_get(value));
		}
	}
	return event;
}

/* Tell of the module, if it has come or gone. That it is there at first goes without saying. */
static void note_state(struct monitor *m, enum state state)
{
	struct json_object *event;
	struct timespec now;
	char text[64];
	struct tm tm;
	size_t len;

	if (m->state == state)
		return;
	if (m->state != STATE_UNKNOWN || state == STATE_NOT_LOADED) {
		event = new_event(state == STATE_LOADED ? "module-loaded" : "module-not-loaded");
		clock_gettime(CLOCK_REALTIME, &now);
		len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S",
			       gmtime_r(&now.tv_sec, &tm));
		snprintf(text + len, sizeof(text) - len, ".%09ldZ", now.tv_nsec);
		json_object_object_add(event, "time", json_object_new_string(text));
		sink_put(&m->sink, event);
		json_object_put(event);
	}
	m->state = state;
}

static void put_record(struct json_object *record, void *arg)
{
	struct monitor *m = arg;
	struct json_object *event;

	note_state(m, STATE_LOADED);
	if (!is_meant(m, json_string(record, "namespace")))
		return;
	event = event_of(record, m->sink.human);
	sink_put(&m->sink, event);
	json_object_put(event);
}

/* Tell of what is new. Return: 0 or a negative error, which was said. */
static int look(struct monitor *m)
{
	int ret = records_arm(&m->records);

	if (ret && m->state == STATE_LOADED) {
		/* It has gone; but another one may have come already */
		note_state(m, STATE_NOT_LOADED);
		ret = records_arm(&m->records);
	}
	if (!ret)
		ret = records_each_new(&m->records, put_record, m);
	json_object_put(m->devices);
	m->devices = NULL;
	if (!ret) {
		note_state(m, STATE_LOADED);
		return 0;
	}
	if (ret == -ENODEV || !module_is_loaded()) {
		note_state(m, STATE_NOT_LOADED);
		return 0;
	}
	/* It comes or goes right now, in steps. A uevent tells of the last one. */
	if (ret == -ENOENT && module_debugfs_is_mounted())
		return 0;
	return records_why_none(ret);
}

/*
 * Tell a service manager, if there is one, as sd_notify(3) does. That would be the only
 * call of libsystemd here, and with it come five libraries that ndctl-pks has no use for.
 */
static void notify(const char *state)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (!len || len >= sizeof(to.sun_path) || (*path != '/' && *path != '@'))
		return;
	memcpy(to.sun_path, path, len);
	if (*path == '@')
		*to.sun_path = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to,
		   offsetof(struct sockaddr_un, sun_path) + len) < 0)
		warn("NOTIFY_SOCKET");
	close(fd);
}

static int take_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Return: whether to end. */
static bool handle_signals(struct monitor *m, int fd)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGHUP)
			return true;
		sink_reopen(&m->sink);
	}
	return false;
}

/* Return: 0 when it was told to end or its reader has gone, or a negative error. */
static int watch(struct monitor *m)
{
	enum { SIGNALS, READER, OTHERS };
	struct pollfd others[OTHERS] = {
		[SIGNALS] = { .fd = take_signals(), .events = POLLIN },
		[READER] = { .fd = m->sink.fd == STDOUT_FILENO ? STDOUT_FILENO : -1 },
	};
	int ret = others[SIGNALS].fd < 0 ? -errno : 0;

	if (!ret && m->daemon && daemon(0, 0))
		ret = -errno;
	if (ret)
		warnx("cannot start: %s", strerror(-ret));
	else
		notify("READY=1");
	while (!ret) {
		ret = records_wait(&m->records, others, OTHERS);
		if (ret < 0)
			warnx("cannot wait: %s", strerror(-ret));
		else if (ret)
			ret = others[READER].revents || handle_signals(m, others[SIGNALS].fd);
		else
			ret = look(m);
	}
	/* What is said on standard error nobody hears */
	if (ret < 0 && m->daemon)
		syslog(LOG_ERR, "the monitor ends: %s", strerror(-ret));
	if (others[SIGNALS].fd >= 0)
		close(others[SIGNALS].fd);
	return ret > 0 ? 0 : ret;
}

/* Return: 0 or a negative error, which was said. */
static int monitor(struct monitor *m)
{
	int ret;

	ret = sink_open(&m->sink);
	if (ret)
		return ret;
	/* Whoever hears what is said on standard error may go */
	if (m->sink.fd != STDOUT_FILENO)
		signal(SIGPIPE, SIG_IGN);
	ret = records_start(&m->records);
	if (!ret) {
		/* What is wrong is said before it goes into the background */
		ret = look(m);
		if (!ret)
			ret = watch(m);
		records_end(&m->records);
	}
	sink_close(&m->sink);
	return ret;
}

enum { OPTION_DAEMON = 256 };

const struct option monitor_options[] = {
	SELECT_LONG,
	{ "dimm", required_argument, NULL, 'd' },
	{ "namespace", required_argument, NULL, 'n' },
	{ "log", required_argument, NULL, 'l' },
	{ "config-file", required_argument, NULL, 'c' },
	{ "daemon", no_argument, NULL, OPTION_DAEMON },
	{ "human", no_argument, NULL, 'u' },
	{ }
};

/**
 * monitor_run() - the command
 * @ctx: libndctl's; see ask_for_devices()
 * @command: its row
 * @argc: how many arguments
 * @argv: they
 *
 * Return: the exit status.
 */
int monitor_run(struct ndctl_ctx *ctx __attribute__((unused)), const struct command *command,
		int argc, char **argv)
{
	struct monitor m = { .sel = { .idle = true } };
	size_t i;
	int ret;

	while ((ret = getopt_long(argc, argv, SELECT_SHORT "d:n:l:c:u", command->options,
				  NULL)) != -1) {
		if (select_option(&m.sel, ret, optarg))
			continue;
		switch (ret) {
		case 'l':
			m.sink.where = optarg;
			break;
		case 'c':
			m.conf = optarg;
			break;
		case OPTION_DAEMON:
			m.daemon = true;
			break;
		case 'u':
			m.sink.human = true;
			break;
		default:
			return option_error(command, argv);
		}
	}
	if (optind < argc)
		return usage_error(command);
	ret = read_conf(&m);
	if (!ret && !m.sink.where)
		m.sink.where = m.daemon ? "syslog" : "standard";
	if (!ret && m.daemon && strcmp(m.sink.where, "syslog") && *m.sink.where != '/') {
		warnx("--daemon logs to syslog, or to a file that is named from / on: not to %s",
		      text_of(m.sink.where).s);
		ret = -EINVAL;
	}
	if (!ret)
		ret = monitor(&m);
	for (i = 0; i < ARRAY_SIZE(m.settings); i++)
		free(m.settings[i]);
	return status_of(ret);
}
