// SPDX-License-Identifier: GPL-2.0
/*
 * The module's files. No other room knows where they are and what is in them; their
 * description is in Documentation/ABI/testing.
 *
 * Namespaces come and go while we read. One that goes in the midst is left out, and a
 * module that comes or goes in the midst is not loaded. What can't be read though it is
 * there, or has another form than it is to have, is an error, and said here, as only here
 * it is known of which file.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <daxctl/libdaxctl.h>
#include <ndctl/libndctl.h>

#include "module.h"
#include "text.h"

#define ROOT		"/sys/kernel/pmem_pks"
#define NAMESPACES	ROOT "/namespaces"
#define MODULE		"/sys/module/pmem_pks"
#define DEBUGFS		"/sys/kernel/debug"
#define RECORDS		DEBUGFS "/pmem_pks/log.json"

static int path_of(char path[PATH_MAX], const char *device, const char *file)
{
	int len;

	if (device && (!*device || *device == '.' || strchr(device, '/')))
		return -EINVAL;
	len = device ? snprintf(path, PATH_MAX, NAMESPACES "/%s/%s", device, file) :
		snprintf(path, PATH_MAX, ROOT "/%s", file);
	return len < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int read_path(const char *path, char *value)
{
	ssize_t len;
	int fd, ret;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = read(fd, value, MODULE_VALUE_LEN - 1);
	ret = len < 0 ? -errno : 0;
	close(fd);
	if (ret)
		return ret;
	if (len && value[len - 1] == '\n')
		len--;
	value[len] = '\0';
	return 0;
}

/**
 * module_read() - read a file of the module's
 * @device: the namespace's directory, or NULL for a file of the whole system
 * @file: its name
 * @value: of MODULE_VALUE_LEN; the content, without the last newline; "" if there is none
 *
 * Return: 0 or a negative error.
 */
int module_read(const char *device, const char *file, char *value)
{
	char path[PATH_MAX];
	int ret;

	*value = '\0';
	ret = path_of(path, device, file);
	return ret ? ret : read_path(path, value);
}

/**
 * module_parameter() - read a parameter of the module's
 * @name: its name
 * @value: of MODULE_VALUE_LEN
 *
 * Return: 0 or a negative error.
 */
int module_parameter(const char *name, char *value)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), MODULE "/parameters/%s", name);
	return read_path(path, value);
}

/**
 * module_is_live() - whether the module's load is over
 *
 * Before that its files may be there, and it takes no protection.
 */
bool module_is_live(void)
{
	char state[MODULE_VALUE_LEN];

	return !read_path(MODULE "/initstate", state) && !strcmp(state, "live");
}

/**
 * module_write() - write a file of the module's
 * @device: the namespace's directory, or NULL for a file of the whole system
 * @file: its name
 * @value: what is written
 *
 * Return: 0 or a negative error.
 */
int module_write(const char *device, const char *file, const char *value)
{
	size_t size = strlen(value);
	char path[PATH_MAX];
	ssize_t len;
	int fd, ret;

	/* The kernel would not even ask the module */
	if (!size)
		return -EINVAL;
	ret = path_of(path, device, file);
	if (ret)
		return ret;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = write(fd, value, size);
	if (len < 0)
		ret = -errno;
	else if ((size_t)len != size)
		ret = -EIO;
	close(fd);
	return ret;
}

/* Say which file it was, and hand the error on. */
static int broken(const char *device, const char *file, int error)
{
	if (error == -EPROTO)
		warnx("%s%s%s has an unknown form: is this ndctl-pks as new as the module?",
		      device ? text_of(device).s : "", device ? "/" : "", file);
	else
		warnx("cannot read %s%s%s: %s", device ? text_of(device).s : "",
		      device ? "/" : "", file, strerror(-error));
	return error;
}

static int read_number(const char *device, const char *file, unsigned long long *number)
{
	char value[MODULE_VALUE_LEN], *end;
	int ret;

	ret = module_read(device, file, value);
	if (ret)
		return ret;
	if (*value < '0' || *value > '9')
		return -EPROTO;
	errno = 0;
	*number = strtoull(value, &end, 10);
	return errno || *end ? -EPROTO : 0;
}

static int read_word(const char *device, const char *file, char *word, size_t size)
{
	char value[MODULE_VALUE_LEN];
	size_t len;
	int ret;

	ret = module_read(device, file, value);
	if (ret)
		return ret;
	len = strspn(value, "abcdefghijklmnopqrstuvwxyz_-");
	if (!len || value[len] || len >= size)
		return -EPROTO;
	memcpy(word, value, len + 1);
	return 0;
}

struct number {
	const char *file;
	unsigned long long *value;
};

static int read_numbers(const char *device, const struct number *numbers,
			const char **file)
{
	int ret;

	for (; numbers->file; numbers++) {
		ret = read_number(device, numbers->file, numbers->value);
		if (ret) {
			*file = numbers->file;
			return ret;
		}
	}
	return 0;
}

/* Return: 0, 1 if it has gone meanwhile, or an error that was said. */
static int get_namespace(struct module_namespace *ns, const char *device)
{
	unsigned long long protect;
	const struct number numbers[] = {
		{ "protect", &protect },
		{ "key", &ns->key },
		{ "stray_writes", &ns->stray_writes },
		{ "pinned_writes", &ns->pinned_writes },
		{ "pinned_windows", &ns->pinned_windows },
		{ "aliases", &ns->aliases },
		{ }
	};
	const char *file = "fault_mode";
	int ret;

	memset(ns, 0, sizeof(*ns));
	snprintf(ns->device, sizeof(ns->device), "%s", device);
	ret = read_word(device, file, ns->mode, sizeof(ns->mode));
	if (!ret)
		ret = read_numbers(device, numbers, &file);
	if (ret == -ENOENT || ret == -ENODEV)
		return 1;
	if (ret)
		return broken(device, file, ret);
	ns->protected = protect;
	return 0;
}

static int add_namespace(struct module_state *state, const char *device)
{
	struct module_namespace *more;
	int ret;

	more = reallocarray(state->namespaces, state->count + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	state->namespaces = more;
	ret = get_namespace(&more[state->count], device);
	if (!ret)
		state->count++;
	return ret < 0 ? ret : 0;
}

/* Whether it comes or goes right now, in steps, or has gone. */
static bool is_in_between(void)
{
	char state[MODULE_VALUE_LEN];

	return access(ROOT, F_OK) ||
	       (!read_path(MODULE "/initstate", state) && strcmp(state, "live"));
}

/* Return: 0 if a file is missing as the module comes or goes, or the error, which was said. */
static int gone_or_broken(struct module_state *state, const char *file, int error)
{
	if ((error != -ENOENT && error != -ENODEV) || !is_in_between())
		return broken(NULL, file, error);
	state->loaded = false;
	return 0;
}

static int get_namespaces(struct module_state *state)
{
	struct dirent *entry;
	int ret = 0;
	DIR *dir;

	dir = opendir(NAMESPACES);
	if (!dir)
		return gone_or_broken(state, "namespaces", -errno);
	while (!ret && (entry = readdir(dir)))
		if (*entry->d_name != '.')
			ret = add_namespace(state, entry->d_name);
	closedir(dir);
	return ret;
}

static int by_name(const void *a, const void *b)
{
	return strverscmp(((const struct module_namespace *)a)->device,
			  ((const struct module_namespace *)b)->device);
}

static void note_shared_keys(struct module_state *state)
{
	struct module_namespace *a, *b, *end = state->namespaces + state->count;

	for (a = state->namespaces; a < end; a++)
		for (b = a + 1; b < end; b++)
			if (a->key == b->key) {
				a->key_shared = true;
				b->key_shared = true;
			}
}

/**
 * module_is_loaded() - whether the module is there
 */
bool module_is_loaded(void)
{
	return !access(ROOT, F_OK);
}

/**
 * module_get() - read what the module says of everything
 * @state: where to; to be given to module_put() if 0 is returned
 *
 * A module that is not loaded is no error.
 *
 * Return: 0 or a negative error, which was said.
 */
int module_get(struct module_state *state)
{
	const struct number numbers[] = {
		{ "stray_writes", &state->stray_writes },
		{ "stray_reads", &state->stray_reads },
		{ "pinned_writes", &state->pinned_writes },
		{ "pinned_windows", &state->pinned_windows },
		{ "fail_open", &state->fail_open },
		{ }
	};
	const char *file = "fault_mode";
	int ret;

	memset(state, 0, sizeof(*state));
	if (access(ROOT, F_OK))
		return errno == ENOENT ? 0 : broken(NULL, ".", -errno);
	state->loaded = true;
	ret = read_word(NULL, file, state->mode, sizeof(state->mode));
	if (!ret)
		ret = read_numbers(NULL, numbers, &file);
	if (ret)
		return gone_or_broken(state, file, ret);
	ret = get_namespaces(state);
	if (ret) {
		module_put(state);
		return ret;
	}
	if (state->count)
		qsort(state->namespaces, state->count, sizeof(*state->namespaces), by_name);
	note_shared_keys(state);
	return 0;
}

/**
 * module_put() - free what module_get() got
 * @state: it
 */
void module_put(struct module_state *state)
{
	free(state->namespaces);
	state->namespaces = NULL;
	state->count = 0;
}

/* The device-DAX device of a namespace, or NULL. */
static struct daxctl_dev *dax_device(struct ndctl_namespace *ndns)
{
	struct ndctl_dax *dax = ndctl_namespace_get_dax(ndns);
	struct daxctl_region *region = dax ? ndctl_dax_get_daxctl_region(dax) : NULL;

	return region ? daxctl_dev_get_first(region) : NULL;
}

/**
 * module_device() - the name of a namespace's directory
 * @ndns: the namespace
 *
 * The directory need not be there. It has the name of what has mapped the memory: a
 * device-DAX device, or else the namespace.
 */
const char *module_device(struct ndctl_namespace *ndns)
{
	struct daxctl_dev *dev = dax_device(ndns);

	return dev ? daxctl_dev_get_devname(dev) : ndctl_namespace_get_devname(ndns);
}

/**
 * module_is_mapped() - whether a driver has mapped the memory of an active namespace
 * @ndns: the namespace
 *
 * That of a device-DAX namespace is a driver of its DAX device, which can be unbound while
 * the namespace stays active. What is not mapped the module does not know.
 */
bool module_is_mapped(struct ndctl_namespace *ndns)
{
	struct daxctl_dev *dev = dax_device(ndns);

	return !ndctl_namespace_get_dax(ndns) || (dev && daxctl_dev_is_enabled(dev));
}

/**
 * module_is_ram() - whether the kernel uses a namespace as RAM (system-ram)
 * @ndns: the namespace
 *
 * The module does not protect RAM: the whole kernel may write it.
 */
bool module_is_ram(struct ndctl_namespace *ndns)
{
	struct daxctl_dev *dev = dax_device(ndns);

	return dev && daxctl_dev_get_memory(dev);
}

/**
 * module_find() - what the module says of one namespace
 * @state: what it says of all
 * @device: the namespace's directory, or NULL
 *
 * Return: it, or NULL if the module does not know it.
 */
const struct module_namespace *module_find(const struct module_state *state,
					   const char *device)
{
	struct module_namespace key;

	if (!device || !state->count)
		return NULL;
	snprintf(key.device, sizeof(key.device), "%s", device);
	return bsearch(&key, state->namespaces, state->count, sizeof(key), by_name);
}

/**
 * module_find_namespace() - the same, for a namespace of libndctl's
 * @state: what the module says of all
 * @ndns: the namespace
 *
 * Most have a directory of their own name. Only for the others libndctl is asked for a
 * DAX device.
 */
const struct module_namespace *module_find_namespace(const struct module_state *state,
						     struct ndctl_namespace *ndns)
{
	const struct module_namespace *ns =
		module_find(state, ndctl_namespace_get_devname(ndns));

	return ns ?: module_find(state, module_device(ndns));
}

/**
 * module_effective_mode() - the mode that holds for a namespace
 * @state: what the module says of all
 * @ns: the namespace
 */
const char *module_effective_mode(const struct module_state *state,
				  const struct module_namespace *ns)
{
	return strcmp(ns->mode, "inherit") ? ns->mode : state->mode;
}

/**
 * module_open_strays() - open the count of stray writes, for poll()
 *
 * Return: a file descriptor, or a negative error.
 */
int module_open_strays(void)
{
	int fd = open(ROOT "/stray_writes", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/**
 * module_open_uevents() - open a socket that gets the kernel's uevents, for poll()
 *
 * poll() on a file in sysfs does not end when the file goes. A uevent tells of that.
 *
 * Return: a file descriptor, or a negative error.
 */
int module_open_uevents(void)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_KOBJECT_UEVENT);
	int ret;

	if (fd < 0)
		return -errno;
	if (!bind(fd, (struct sockaddr *)&kernel, sizeof(kernel)))
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

/**
 * module_take_uevents() - take what has come
 * @fd: of module_open_uevents()
 *
 * Return: whether something of the module's has come or gone.
 */
bool module_take_uevents(int fd)
{
	char event[8192];
	bool ours = false;
	ssize_t len;

	/* "remove@/module/pmem_pks", then the variables. Too many are an error, once. */
	while ((len = recv(fd, event, sizeof(event) - 1, 0)) > 0 || errno == ENOBUFS) {
		event[len > 0 ? len : 0] = '\0';
		ours |= len < 0 || strstr(event, "/pmem_pks");
	}
	return ours;
}

/* A line that is no object of JSON is kept, as one that has it as text. */
static struct json_object *record_of(const char *line)
{
	struct json_object *record = json_tokener_parse(line);

	if (json_object_is_type(record, json_type_object))
		return record;
	json_object_put(record);
	record = json_object_new_object();
	json_object_object_add(record, "text", json_object_new_string(line));
	return record;
}

static const char *time_of(struct json_object *record)
{
	struct json_object *time;

	if (!json_object_object_get_ex(record, "time", &time))
		return "";
	return json_object_get_string(time) ?: "";
}

/* Times are ISO 8601 in UTC, so the later one is the greater string. */
static int by_time(const void *a, const void *b)
{
	return strcmp(time_of(*(struct json_object * const *)a),
		      time_of(*(struct json_object * const *)b));
}

/**
 * module_debugfs_is_mounted() - whether the records could be seen
 */
bool module_debugfs_is_mounted(void)
{
	struct statfs fs;

	return !statfs(DEBUGFS, &fs) && fs.f_type == DEBUGFS_MAGIC;
}

/**
 * module_records() - read the records of stray accesses
 * @records: an array of the objects, the newest last; to be put if 0 is returned
 *
 * Return: 0 or a negative error.
 */
int module_records(struct json_object **records)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	FILE *file;
	int ret;

	file = fopen(RECORDS, "re");
	if (!file)
		return -errno;
	*records = json_object_new_array();
	while ((len = getline(&line, &size, file)) > 0) {
		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		json_object_array_add(*records, record_of(line));
	}
	ret = ferror(file) ? -EIO : 0;
	free(line);
	fclose(file);
	if (ret)
		json_object_put(*records);
	else
		json_object_array_sort(*records, by_time);
	return ret;
}

/**
 * module_last() - the newest record of a namespace
 * @records: all of them, or NULL
 * @device: the namespace's directory
 *
 * Return: it, as part of @records, or NULL if there is none.
 */
struct json_object *module_last(struct json_object *records, const char *device)
{
	struct json_object *record, *name;
	size_t i = records ? json_object_array_length(records) : 0;

	while (i--) {
		record = json_object_array_get_idx(records, i);
		if (json_object_object_get_ex(record, "namespace", &name) &&
		    !strcmp(json_object_get_string(name) ?: "", device))
			return record;
	}
	return NULL;
}
