// SPDX-License-Identifier: GPL-2.0
/*
 * What a report says of the machine, its kernel, and how the module was loaded.
 *
 * It goes to strangers. So there is no host name, no serial number and no command line of
 * the kernel in it, which may have a password. What can't be read is left out.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include "facts.h"
#include "text.h"

#define MODULE	"/sys/module/pmem_pks/"
#define DMI	"/sys/class/dmi/id/"

static void add(struct facts *facts, const char *of, const char *name, const char *value)
{
	struct fact *more;

	more = reallocarray(facts->list, facts->count + 1, sizeof(*more));
	if (!more)
		return;
	facts->list = more;
	more += facts->count;
	more->of = of;
	more->name = strdup(name);
	more->value = strdup(value);
	if (more->name && more->value) {
		facts->count++;
	} else {
		free(more->name);
		free(more->value);
	}
}

/* The first line of a file, if it has something. */
static bool first_line(const char *path, char *value, size_t size)
{
	return text_first_line(path, value, size) && *value;
}

static void add_file(struct facts *facts, const char *of, const char *name, const char *path)
{
	char value[1024];

	if (first_line(path, value, sizeof(value)))
		add(facts, of, name, value);
}

/* What is behind the colon of the first such line in /proc/cpuinfo */
static void add_cpu(struct facts *facts)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char *line = NULL, *value, text[1200];
	size_t size = 0;

	while (file && getline(&line, &size, file) > 0) {
		value = strchr(line, ':');
		if (strncmp(line, "model name", 10) || !value)
			continue;
		value += 1 + strspn(value + 1, " ");
		value[strcspn(value, "\n")] = '\0';
		snprintf(text, sizeof(text), "%.1000s, %d online", value, get_nprocs());
		add(facts, "Machine", "CPU", text);
		break;
	}
	free(line);
	if (file)
		fclose(file);
}

static void add_memory(struct facts *facts)
{
	struct sysinfo info;
	char text[64];

	if (sysinfo(&info))
		return;
	snprintf(text, sizeof(text), "%.1f GiB",
		 (double)info.totalram * info.mem_unit / (1 << 30));
	add(facts, "Machine", "RAM", text);
}

static void add_product(struct facts *facts)
{
	char vendor[512] = "", product[512] = "", text[1100];

	if (!first_line(DMI "sys_vendor", vendor, sizeof(vendor)))
		*vendor = '\0';
	if (!first_line(DMI "product_name", product, sizeof(product)))
		*product = '\0';
	snprintf(text, sizeof(text), "%s%s%s", vendor, *vendor && *product ? ", " : "", product);
	if (*text)
		add(facts, "Machine", "Product", text);
	add_file(facts, "Machine", "Firmware", DMI "bios_version");
}

static void add_kernel(struct facts *facts)
{
	struct utsname name;
	char text[256];

	if (!uname(&name)) {
		snprintf(text, sizeof(text), "%s %s, %s", name.sysname, name.release,
			 name.machine);
		add(facts, "Kernel", "Release", text);
		add(facts, "Kernel", "Build", name.version);
	}
	add_file(facts, "Kernel", "Taint", "/proc/sys/kernel/tainted");
}

static int is_parameter(const struct dirent *entry)
{
	return *entry->d_name != '.';
}

static void add_module(struct facts *facts)
{
	char path[sizeof(MODULE "parameters/") + 256], value[1024];
	struct dirent **entries;
	int count, i;

	add_file(facts, "Module", "Version", MODULE "version");
	add_file(facts, "Module", "Source version", MODULE "srcversion");
	count = scandir(MODULE "parameters", &entries, is_parameter, alphasort);
	for (i = 0; i < count; i++) {
		snprintf(path, sizeof(path), MODULE "parameters/%s", entries[i]->d_name);
		if (first_line(path, value, sizeof(value)))
			add(facts, "Module", entries[i]->d_name, value);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

/**
 * facts_get() - find out
 * @facts: where to; to be given to facts_put()
 */
void facts_get(struct facts *facts)
{
	memset(facts, 0, sizeof(*facts));
	add_product(facts);
	add_cpu(facts);
	add_memory(facts);
	add_kernel(facts);
	add_module(facts);
}

/**
 * facts_put() - free what facts_get() got
 * @facts: it
 */
void facts_put(struct facts *facts)
{
	while (facts->count) {
		facts->count--;
		free(facts->list[facts->count].name);
		free(facts->list[facts->count].value);
	}
	free(facts->list);
	facts->list = NULL;
}
