// SPDX-License-Identifier: GPL-2.0
/*
 * Who has a function of the running kernel that the module would hook. ftrace lets only
 * one user divert a function ("I" in enabled_functions: live patches, modules, kprobes
 * with a post_handler), and only one be called directly from it ("D": BPF programs,
 * modules). Each of them excludes the module's hook.
 *
 * Lines of the kernel's that have an address where a name should be are not passed on.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "array.h"
#include "holders.h"
#include "module.h"
#include "text.h"

#define LIVEPATCH	"/sys/kernel/livepatch"

struct hook {
	char name[SYMTAB_NAME_LEN + 32];	/* "function" or "module:function" */
	bool known;			/* to ftrace */
	bool patched;			/* the finding was told */
};

struct holders {
	const struct listener *to;
	struct hook *hooks;
	size_t count;
	size_t found;
};

static void add_hook(void *arg, const char *name)
{
	struct holders *holders = arg;
	struct hook *more;
	size_t i;

	for (i = 0; i < holders->count; i++)
		if (!strcmp(holders->hooks[i].name, name))
			return;
	more = reallocarray(holders->hooks, holders->count + 1, sizeof(*more));
	if (!more)
		return;
	holders->hooks = more;
	memset(&more[holders->count], 0, sizeof(*more));
	snprintf(more[holders->count++].name, sizeof(more->name), "%s", name);
}

static struct hook *find_hook(struct holders *holders, const char *module, const char *function)
{
	char name[SYMTAB_NAME_LEN + 32];
	size_t i;

	snprintf(name, sizeof(name), "%s%s%s", module, *module ? ":" : "", function);
	for (i = 0; i < holders->count; i++)
		if (!strcmp(holders->hooks[i].name, name))
			return &holders->hooks[i];
	return NULL;
}

static void tell(struct holders *holders, const struct hook *hook, const char *how,
		 const char *holder)
{
	finding_tell(holders->to, FINDING_NO, "conflict", hook->name, how, "HELD by %s", holder);
	holders->found++;
}

/* A directory's entries, but for those with a dot. */
static struct dirent *next_entry(DIR *dir)
{
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (*entry->d_name != '.')
			return entry;
	return NULL;
}

/* The functions of one object of a live patch: directories "function,number". */
static void look_at_object(struct holders *holders, const char *patch, const char *object)
{
	char path[PATH_MAX], holder[256], how[256];
	struct dirent *entry;
	struct hook *hook;
	DIR *dir;

	snprintf(path, sizeof(path), LIVEPATCH "/%s/%s", patch, object);
	dir = opendir(path);
	while ((entry = next_entry(dir))) {
		entry->d_name[strcspn(entry->d_name, ",")] = '\0';
		hook = find_hook(holders, strcmp(object, "vmlinux") ? object : "", entry->d_name);
		if (!hook)
			continue;
		snprintf(holder, sizeof(holder), "the live patch %s", text_of(patch).s);
		snprintf(how, sizeof(how),
			 "Boot a kernel with its fix, or undo it: echo 0 >%s/%s/enabled",
			 LIVEPATCH, text_of(patch).s);
		tell(holders, hook, how, holder);
		hook->patched = true;
	}
	if (dir)
		closedir(dir);
}

/* Everybody may see these. */
static void look_at_patches(struct holders *holders)
{
	DIR *patches = opendir(LIVEPATCH), *objects;
	struct dirent *patch, *object;
	char path[PATH_MAX];

	while ((patch = next_entry(patches))) {
		snprintf(path, sizeof(path), LIVEPATCH "/%s", patch->d_name);
		objects = opendir(path);
		while ((object = next_entry(objects)))
			if (object->d_type == DT_DIR)
				look_at_object(holders, patch->d_name, object->d_name);
		if (objects)
			closedir(objects);
	}
	if (patches)
		closedir(patches);
}

static long bpf(int command, union bpf_attr *attr)
{
	return syscall(__NR_bpf, command, attr, sizeof(*attr));
}

static int bpf_fd(int command, __u32 id)
{
	union bpf_attr attr = { };

	/* For programs and links alike */
	attr.prog_id = id;
	return bpf(command, &attr);
}

static bool bpf_info(int fd, void *info, size_t size)
{
	union bpf_attr attr = { };

	attr.info.bpf_fd = fd;
	attr.info.info_len = size;
	attr.info.info = (uintptr_t)info;
	return fd >= 0 && !bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

/* Whether a process has a link open; its files are described in fdinfo. */
static bool has_link(const char *pid, __u32 link)
{
	char path[PATH_MAX], line[128];
	struct dirent *entry;
	bool found = false;
	unsigned int id;
	FILE *file;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/fdinfo", pid);
	dir = opendir(path);
	while (!found && (entry = next_entry(dir))) {
		snprintf(path, sizeof(path), "/proc/%s/fdinfo/%s", pid, entry->d_name);
		file = fopen(path, "re");
		while (file && !found && fgets(line, sizeof(line), file))
			found = sscanf(line, "link_id:%u", &id) == 1 && id == link;
		if (file)
			fclose(file);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* Name the first process with a link. One that is pinned may have none. */
static void say_process(FILE *to, __u32 link)
{
	char path[PATH_MAX], comm[64] = "";
	struct dirent *entry;
	FILE *file;
	DIR *dir = opendir("/proc");

	while ((entry = next_entry(dir)))
		if (isdigit((unsigned char)*entry->d_name) && has_link(entry->d_name, link))
			break;
	if (entry) {
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		file = fopen(path, "re");
		if (file && fgets(comm, sizeof(comm), file))
			comm[strcspn(comm, "\n")] = '\0';
		if (file)
			fclose(file);
		fprintf(to, " of the process %s:%s", text_of(comm).s, entry->d_name);
	}
	if (dir)
		closedir(dir);
}

/*
 * Name the programs of a BPF trampoline. Its number has the id of what the function is in,
 * and the function's id in that (bpf_trampoline_compute_key()), as a link's info has them.
 */
static bool say_bpf(FILE *to, unsigned long long key)
{
	union bpf_attr attr = { };
	struct bpf_link_info link;
	struct bpf_prog_info prog;
	unsigned int count = 0;
	int fd;

	for (; !bpf(BPF_LINK_GET_NEXT_ID, &attr); attr.start_id = attr.next_id) {
		memset(&link, 0, sizeof(link));
		fd = bpf_fd(BPF_LINK_GET_FD_BY_ID, attr.next_id);
		bpf_info(fd, &link, sizeof(link));
		close(fd);
		if (link.type != BPF_LINK_TYPE_TRACING ||
		    link.tracing.target_obj_id != key >> 32 ||
		    link.tracing.target_btf_id != (key & 0x7fffffff))
			continue;
		memset(&prog, 0, sizeof(prog));
		fd = bpf_fd(BPF_PROG_GET_FD_BY_ID, link.prog_id);
		bpf_info(fd, &prog, sizeof(prog));
		close(fd);
		prog.name[sizeof(prog.name) - 1] = '\0';
		fprintf(to, "%sthe BPF program %u (%s)", count++ ? ", " : "", link.prog_id,
			text_of(prog.name).s);
		say_process(to, link.id);
	}
	return count;
}

/* "name+0x10/0x20 [module]" as "name" and "module"; false if it begins with no name. */
static bool parse_code(const char *code, char name[128], char module[64])
{
	size_t len = strcspn(code, "+ )\t\n");
	const char *behind = code + strcspn(code, " )\t\n");

	if (!len || len > 127 || isdigit((unsigned char)*code))
		return false;
	snprintf(name, 128, "%.*s", (int)len, code);
	*module = '\0';
	if (!strncmp(behind, " [", 2))
		snprintf(module, 64, "%.*s", (int)strcspn(behind + 2, "]"), behind + 2);
	return true;
}

/* Tell who has a hook, by the code that is called from it; NULL if that is not known. */
static void tell_code(struct holders *holders, const struct hook *hook, const char *code)
{
	const char *how = "Remove it before the module is loaded.";
	char name[128], module[64], *holder = NULL;
	unsigned long long key;
	size_t size;
	FILE *to = open_memstream(&holder, &size);

	if (!to)
		return;
	if (!code || !parse_code(code, name, module)) {
		fputs("code that has no name", to);
	} else if (sscanf(name, "bpf_trampoline_%llu", &key) == 1) {
		how = "End that program. With the module loaded it can't have this function.";
		if (!say_bpf(to, key))
			fputs("a BPF program", to);
	} else if (!strcmp(name, "kprobe_ftrace_handler")) {
		how = "Remove that probe: /sys/kernel/debug/kprobes/list has it.";
		fputs("a kprobe with a post_handler", to);
	} else if (*module) {
		fprintf(to, "the module %s (%s)", text_of(module).s, text_of(name).s);
	} else {
		fprintf(to, "%s()", text_of(name).s);
	}
	fclose(to);
	tell(holders, hook, how, holder);
	free(holder);
}

/* "function [module] (count) R I D  tramp: address (callback+0x0/0x10 [module]) ->..." */
struct row {
	struct hook *hook;
	bool taken;			/* it is diverted, or calls directly */
	char *callback;			/* or NULL */
};

static struct row parse_row(struct holders *holders, char *line)
{
	char *count = strstr(line, " ("), *flag, name[128], module[64];
	struct row row = { };

	if (!count || !parse_code(line, name, module))
		return row;
	row.hook = find_hook(holders, module, name);
	for (flag = count + strcspn(count, ")"); *flag && !strchr("\t-", *flag); flag++)
		row.taken |= *flag == 'I' || *flag == 'D';
	row.callback = strchr(flag, '(');
	if (row.callback)
		row.callback++;
	return row;
}

/* A direct call has a line of its own, behind that of its function. */
static void look_at_enabled(struct holders *holders, FILE *file)
{
	static const char direct[] = "\tdirect-->";
	char *line = NULL, *callback = NULL;
	struct hook *pending = NULL;
	struct row row;
	size_t size = 0;

	while (getline(&line, &size, file) > 0) {
		if (pending && !strncmp(line, direct, sizeof(direct) - 1)) {
			tell_code(holders, pending, line + sizeof(direct) - 1);
			pending = NULL;
			continue;
		}
		if (pending)
			tell_code(holders, pending, callback);
		row = parse_row(holders, line);
		pending = row.hook && !row.hook->patched && row.taken ? row.hook : NULL;
		free(callback);
		callback = row.callback ? strdup(row.callback) : NULL;
	}
	if (pending)
		tell_code(holders, pending, callback);
	free(callback);
	free(line);
}

/* Those that ftrace can hook: "function" or "function [module]" */
static void look_at_available(struct holders *holders, FILE *file)
{
	char *line = NULL, name[128], module[64];
	struct hook *hook;
	size_t size = 0, i;

	while (getline(&line, &size, file) > 0) {
		if (!parse_code(line, name, module))
			continue;
		hook = find_hook(holders, module, name);
		if (hook)
			hook->known = true;
	}
	free(line);
	for (i = 0; i < holders->count; i++) {
		if (holders->hooks[i].known)
			continue;
		finding_tell(holders->to, FINDING_NO, "conflict", holders->hooks[i].name,
			     "Take a kernel that the module was tested on, or port it: Documentation/porting.md.",
			     "ftrace can't hook it");
		holders->found++;
	}
}

static FILE *open_tracing(const char *name)
{
	static const char * const places[] = {
		"/sys/kernel/tracing", "/sys/kernel/debug/tracing",
	};
	char path[PATH_MAX];
	FILE *file = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(places) && !file; i++) {
		snprintf(path, sizeof(path), "%s/%s", places[i], name);
		file = fopen(path, "re");
		if (!file && errno != ENOENT)
			break;
	}
	return file;
}

static void look_at_ftrace(struct holders *holders)
{
	FILE *enabled = open_tracing("enabled_functions");
	FILE *available = enabled ? open_tracing("available_filter_functions") : NULL;
	int error = errno;

	if (enabled && available) {
		look_at_available(holders, available);
		look_at_enabled(holders, enabled);
		if (!holders->found)
			finding_tell(holders->to, FINDING_YES, "conflict", "ftrace", NULL,
				     "nobody else has a function that is hooked");
	} else {
		finding_tell(holders->to, FINDING_UNKNOWN, "conflict", "ftrace",
			     error == ENOENT ? "mount -t tracefs none /sys/kernel/tracing" :
			     geteuid() ? "Run this as root." : NULL,
			     "who has hooked a function can't be told: %s", strerror(error));
	}
	if (available)
		fclose(available);
	if (enabled)
		fclose(enabled);
}

static bool is_ftrace_off(void)
{
	FILE *file = fopen("/proc/sys/kernel/ftrace_enabled", "re");
	bool off = file && fgetc(file) == '0';

	if (file)
		fclose(file);
	return off;
}

/* The module has its hooks, but for those that it does without. */
static void tell_degraded(const struct listener *to)
{
	char value[MODULE_VALUE_LEN], *line, *rest = value;

	finding_tell(to, FINDING_YES, "conflict", "ftrace", NULL, "the module has its hooks");
	if (module_read(NULL, "degraded", value))
		return;
	while ((line = strsep(&rest, "\n")))
		if (*line)
			finding_tell(to, FINDING_NOTE, "conflict", text_of(line).s, NULL,
				     "another user has it: the module does without (degrade=1)");
}

/**
 * holders_check() - say of each function that the module would hook who else has it
 * @kernel: the kernel that runs
 * @to: who gets the findings
 */
void holders_check(struct needs_kernel *kernel, const struct listener *to)
{
	struct holders holders = { .to = to };

	if (module_is_loaded()) {
		tell_degraded(to);
		return;
	}
	if (is_ftrace_off()) {
		finding_tell(to, FINDING_NO, "conflict", "kernel.ftrace_enabled",
			     "sysctl kernel.ftrace_enabled=1", "OFF: no function can be hooked");
		holders.found++;
	}
	needs_each_hook(kernel, add_hook, &holders);
	look_at_patches(&holders);
	look_at_ftrace(&holders);
	free(holders.hooks);
}
