// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the language of the configuration. Without arguments the cases below; each
 * argument is a directory of files to parse and to edit, as the fuzzer does it.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../array.h"
#include "../conf.h"
#include "conf-property.h"

#define ONE	"0a0a0a0a-0000-4000-8000-000000000001"
#define TWO	"0a0a0a0a-0000-4000-8000-000000000002"

static unsigned int failures;

__attribute__((format(printf, 2, 3)))
static void expect(bool good, const char *format, ...)
{
	va_list args;

	failures += !good;
	printf("%sok - ", good ? "" : "not ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

/* What is wrong, and in which line. NULL: nothing */
static const struct {
	const char *text;
	unsigned int line;
	const char *why;
} wrong[] = {
	{ "", 0, NULL },
	{ "\n\n # only this\n", 0, NULL },
	{ "mode=contain", 0, NULL },
	{ "  mode \t= contain # as said\r\n", 0, NULL },
	{ "writers =\n", 0, NULL },
	{ "writers = f, my-mod:g.part.0 ,_h", 0, NULL },
	{ "[namespace " ONE "]\nmode = inherit\nprotect = no\n", 0, NULL },
	{ "[ namespace  " ONE " ]\n", 0, NULL },
	{ "mode", 1, "mode is not \"key = value\"" },
	{ "mode =\n", 1, "mode is relaxed, contain, strict or panic, not nothing" },
	{ "\nmode = Contain\n", 2, "mode is relaxed, contain, strict or panic, not Contain" },
	{ "mode = inherit\n", 1, "mode is relaxed, contain, strict or panic, not inherit" },
	{ "mode = contain strict", 1,
	  "mode is relaxed, contain, strict or panic, not contain strict" },
	{ "protect = yes", 1, "protect is all or none, not yes" },
	{ "pinned = no", 1, "pinned is allow, step or deny, not no" },
	{ "= x", 1, "there is no key without a name" },
	{ "mod = x", 1, "there is no key mod" },
	{ "mo\x1b[31m = x", 1, "there is no key mo?[31m" },
	{ "writers = a b", 1, "a b is no writer: it is [module:]function" },
	{ "writers = ,a", 1, "nothing is no writer: it is [module:]function" },
	{ "writers = m:", 1, "m: is no writer: it is [module:]function" },
	{ "writers = :f", 1, ":f is no writer: it is [module:]function" },
	{ "writers = a:b:c", 1, "a:b:c is no writer: it is [module:]function" },
	{ "writers = a-b", 1, "a-b is no writer: it is [module:]function" },
	{ "writers = a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a", 1,
	  "there are more than 24 writers" },
	{ "[", 1, "[ is not [namespace <uuid>]" },
	{ "[]", 1, "[] is not [namespace <uuid>]" },
	{ "[namespace " ONE, 1, "\"]\" is missing after [namespace " ONE },
	{ "[namespace 0.0]", 1, "[namespace 0.0] is not [namespace <uuid>]" },
	{ "[namespace 0a0a0a0a_0000-4000-8000-000000000001]", 1,
	  "0a0a0a0a_0000-4000-8000-000000000001 is no uuid" },
	{ "[namespace 00000000-0000-0000-0000-000000000000]", 1,
	  "no namespace has the uuid 00000000-0000-0000-0000-000000000000" },
	{ "[namespace " ONE "]\nprotect = all\n", 2,
	  "protect of a namespace is yes or no, not all" },
	{ "[namespace " ONE "]\n\npinned = step\n", 3,
	  "pinned is for all namespaces, not for one" },
	{ "[namespace " ONE "]\nwriters = f\n", 2,
	  "writers is for all namespaces, not for one" },
};

static void test_wrong(void)
{
	struct conf_error error;
	struct conf conf;
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		memset(&conf, 0, sizeof(conf));
		ret = conf_parse(&conf, "file", wrong[i].text, strlen(wrong[i].text), &error);
		if (!wrong[i].why)
			expect(!ret, "case %zu is right", i);
		else
			expect(ret == -EINVAL && error.line == wrong[i].line &&
			       !strcmp(error.why, wrong[i].why), "case %zu: %u: %s", i,
			       error.line, ret ? error.why : "");
		conf_free(&conf);
	}
}

static void expect_value(const struct conf *conf, const uuid_t uuid, enum conf_key key,
			 const char *text, const char *file, unsigned int line)
{
	const struct conf_value *value = conf_get(conf, uuid, key);

	if (!text)
		expect(!value, "%s is not set", conf_key_name(key));
	else
		expect(value && !strcmp(value->text, text) && !strcmp(value->file, file) &&
		       value->line == line, "%s is %s, by %s:%u", conf_key_name(key), text,
		       file, line);
}

static void test_later_wins(void)
{
	static const char first[] =
		"mode = contain\nwriters = a, m:b\n[namespace " ONE "]\nmode = strict\n"
		"[namespace " TWO "]\nprotect = no\n";
	static const char second[] =
		"mode = relaxed\nmode = panic # the last one\n[namespace " ONE "]\nprotect = no\n";
	struct conf_error error;
	struct conf conf = { };
	uuid_t one, two;

	uuid_parse(ONE, one);
	uuid_parse(TWO, two);
	expect(!conf_parse(&conf, "1", first, strlen(first), &error), "one file");
	expect_value(&conf, conf_all, CONF_MODE, "contain", "1", 1);
	expect(!conf_parse(&conf, "2", second, strlen(second), &error), "and another");
	expect_value(&conf, conf_all, CONF_MODE, "panic", "2", 2);
	expect_value(&conf, conf_all, CONF_WRITERS, "a,m:b", "1", 2);
	expect_value(&conf, conf_all, CONF_PINNED, NULL, NULL, 0);
	expect_value(&conf, one, CONF_MODE, "strict", "1", 4);
	expect_value(&conf, one, CONF_PROTECT, "no", "2", 4);
	expect_value(&conf, two, CONF_MODE, NULL, NULL, 0);
	expect_value(&conf, two, CONF_PROTECT, "no", "1", 6);
	conf_free(&conf);
}

/* A namespace's own value comes before that of all */
static void test_protects(void)
{
	static const char text[] = "[namespace " ONE "]\nprotect = yes\n";
	static const char more[] = "protect = none\n";
	struct conf_error error;
	struct conf conf = { };
	uuid_t one, two;

	uuid_parse(ONE, one);
	uuid_parse(TWO, two);
	expect(!conf_parse(&conf, "1", text, strlen(text), &error), "one is protected");
	expect(conf_protects(&conf, one) == 1, "it is");
	expect(conf_protects(&conf, two) == -1, "of another nothing is said");
	expect(!conf_parse(&conf, "2", more, strlen(more), &error), "none is protected");
	expect(conf_protects(&conf, one) == 1, "but the one is");
	expect(conf_protects(&conf, two) == 0, "the other is not");
	expect(conf_protects(&conf, conf_all) == 0, "nor is what has no uuid");
	conf_free(&conf);
}

/* @value: NULL to unset */
static const struct {
	const char *text;
	const char *uuid;
	enum conf_key key;
	const char *value;
	const char *becomes;
} edits[] = {
	{ "", NULL, CONF_MODE, "contain", "mode = contain\n" },
	{ "", ONE, CONF_MODE, "strict", "[namespace " ONE "]\nmode = strict\n" },
	{ "", NULL, CONF_MODE, NULL, "" },
	{ "# why\nmode = relaxed\n\nprotect = all", NULL, CONF_MODE, "contain",
	  "# why\nmode = contain\n\nprotect = all\n" },
	{ "mode = relaxed\nprotect = all\nmode = strict\n# end\n", NULL, CONF_MODE, "contain",
	  "protect = all\nmode = contain\n# end\n" },
	{ "protect = all\n\n[namespace " ONE "]\nmode = strict\n", NULL, CONF_MODE, "contain",
	  "protect = all\nmode = contain\n\n[namespace " ONE "]\nmode = strict\n" },
	{ "mode = relaxed\n[namespace " ONE "]\nmode = strict\n# end", ONE, CONF_MODE, NULL,
	  "mode = relaxed\n[namespace " ONE "]\n# end\n" },
	{ "[namespace " ONE "]\n[namespace " TWO "]\nmode = strict\n", ONE, CONF_PROTECT, "no",
	  "[namespace " ONE "]\nprotect = no\n[namespace " TWO "]\nmode = strict\n" },
	{ "mode = relaxed", TWO, CONF_PROTECT, "no",
	  "mode = relaxed\n\n[namespace " TWO "]\nprotect = no\n" },
	{ "writers = a\n", NULL, CONF_WRITERS, "", "writers =\n" },
};

static void test_edit(void)
{
	uuid_t uuid;
	char *text;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(edits); i++) {
		uuid_clear(uuid);
		if (edits[i].uuid)
			uuid_parse(edits[i].uuid, uuid);
		text = conf_edit(edits[i].text, strlen(edits[i].text), uuid, edits[i].key,
				 edits[i].value);
		expect(text && !strcmp(text, edits[i].becomes), "edit %zu:\n%s", i, text);
		free(text);
	}
}

static void test_file(const char *directory, const char *name)
{
	char path[4096], text[1 << 16];
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "re");
	if (!file)
		err(1, "%s", path);
	len = fread(text, 1, sizeof(text), file);
	fclose(file);
	expect(conf_property(text, len), "%s is parsed, and stays right when it is edited",
	       name);
}

static void test_corpus(const char *directory)
{
	unsigned int files = 0;
	struct dirent *entry;
	DIR *dir;

	dir = opendir(directory);
	if (!dir)
		err(1, "%s", directory);
	while ((entry = readdir(dir))) {
		if (*entry->d_name == '.')
			continue;
		test_file(directory, entry->d_name);
		files++;
	}
	closedir(dir);
	expect(files, "there are files in %s", directory);
}

int main(int argc, char **argv)
{
	int i;

	test_wrong();
	test_later_wins();
	test_protects();
	test_edit();
	for (i = 1; i < argc; i++)
		test_corpus(argv[i]);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
