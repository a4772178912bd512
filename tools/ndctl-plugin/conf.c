// SPDX-License-Identifier: GPL-2.0
/*
 * The language of the configuration: lines "key = value", and "[namespace <uuid>]" before
 * those that are for one namespace. "#" begins a comment. What comes later wins.
 *
 * It works on buffers alone, so it can be tested without files. Any bytes are taken: what
 * is no configuration is an error with its line. Nothing is read beyond the length.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "conf.h"
#include "text.h"

#define SECTION		"namespace"
#define WRITERS_MAX	24		/* the module's */
#define WRITER_LEN_MAX	98

const uuid_t conf_all;

struct key {
	const char *name;
	/* The words that it may be; NULL: it is a list of writers, or of none */
	const char * const *all, * const *one;
	const char *words_of_all, *words_of_one;
};

static const char * const modes[] = { "relaxed", "contain", "strict", "panic", NULL };
static const char * const modes_of_one[] = {
	"relaxed", "contain", "strict", "panic", "inherit", NULL
};

static const char * const protect[] = { "all", "none", NULL };
static const char * const protect_one[] = { "yes", "no", NULL };
static const char * const pinned[] = { "allow", "step", "deny", NULL };

static const struct key keys[CONF_KEYS] = {
	[CONF_MODE] = { "mode", modes, modes_of_one, "relaxed, contain, strict or panic",
			"relaxed, contain, strict, panic or inherit" },
	[CONF_PROTECT] = { "protect", protect, protect_one, "all or none", "yes or no" },
	[CONF_PINNED] = { "pinned", pinned, NULL, "allow, step or deny", NULL },
	[CONF_WRITERS] = { "writers" },
};

/* A part of a buffer. */
struct part {
	const char *start;
	size_t len;
};

static struct part trim(struct part part)
{
	while (part.len && isspace((unsigned char)*part.start)) {
		part.start++;
		part.len--;
	}
	while (part.len && isspace((unsigned char)part.start[part.len - 1]))
		part.len--;
	return part;
}

/* Take what is up to a character, and the character; or else all. */
static struct part take(struct part *rest, char until)
{
	const char *end = rest->len ? memchr(rest->start, until, rest->len) : NULL;
	struct part part = { rest->start, end ? (size_t)(end - rest->start) : rest->len };

	rest->start += part.len + !!end;
	rest->len -= part.len + !!end;
	return part;
}

static bool is(struct part part, const char *word)
{
	return part.len == strlen(word) && !memcmp(part.start, word, part.len);
}

/* Return: false, for the caller to return */
__attribute__((format(printf, 2, 3)))
static bool wrong(struct conf_error *error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	/* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) it is not */
	vsnprintf(error->why, sizeof(error->why), format, args);
	va_end(args);
	return false;
}

/* What may be said of a part: it is short, and has nothing that a terminal minds. */
static struct text shown(struct part part)
{
	char raw[48];
	size_t len = part.len < sizeof(raw) ? part.len : sizeof(raw) - 1, i;

	for (i = 0; i < len; i++)
		raw[i] = part.start[i] ?: '?';
	raw[len] = '\0';
	return text_of(raw);
}

/* As the module has it: [module:]function */
static bool is_writer(struct part part)
{
	const char *colon = memchr(part.start, ':', part.len);
	size_t i, module = colon ? (size_t)(colon - part.start) : 0;

	if (part.len > WRITER_LEN_MAX || (colon && (!module || module + 1 == part.len)))
		return false;
	for (i = 0; i < part.len; i++) {
		if (part.start + i == colon || isalnum((unsigned char)part.start[i]))
			continue;
		if (!part.start[i] || !strchr(i < module ? "_.-" : "_.", part.start[i]))
			return false;
	}
	return true;
}

/* Add the writers in a list to @list, which has room. Return: whether all are ones */
static bool check_writers(char *list, struct part rest, struct conf_error *error)
{
	unsigned int count = 0;
	struct part writer;
	size_t len = 0;

	while (rest.len) {
		writer = trim(take(&rest, ','));
		if (!writer.len || !is_writer(writer))
			return wrong(error, "%s is no writer: it is [module:]function",
				     writer.len ? shown(writer).s : "nothing");
		if (++count > WRITERS_MAX)
			return wrong(error, "there are more than %d writers", WRITERS_MAX);
		if (len)
			list[len++] = ',';
		memcpy(list + len, writer.start, writer.len);
		len += writer.len;
	}
	list[len] = '\0';
	return true;
}

static bool check_word(const struct key *key, bool of_all, struct part part,
		       struct conf_error *error)
{
	const char * const *word = of_all ? key->all : key->one;

	for (; *word; word++)
		if (is(part, *word))
			return true;
	return wrong(error, "%s%s is %s, not %s", key->name, of_all ? "" : " of a namespace",
		     of_all ? key->words_of_all : key->words_of_one,
		     part.len ? shown(part).s : "nothing");
}

static char *check(const uuid_t uuid, enum conf_key number, struct part part,
		   struct conf_error *error)
{
	const struct key *key = &keys[number];
	bool of_all = uuid_is_null(uuid), good;
	char *text;

	if (!of_all && !key->one) {
		wrong(error, "%s is for all namespaces, not for one", key->name);
		return NULL;
	}
	text = malloc(part.len + 1);
	if (!text) {
		wrong(error, "%s", strerror(ENOMEM));
		return NULL;
	}
	memcpy(text, part.start, part.len);
	text[part.len] = '\0';
	good = key->all ? check_word(key, of_all, part, error) :
	       check_writers(text, part, error);
	if (good)
		return text;
	free(text);
	return NULL;
}

/**
 * conf_check() - check a value
 * @uuid: the namespace that it is for; conf_all for all
 * @key: the key
 * @text: the value
 * @error: why it is none, if it is none
 *
 * Return: the value in its one form, to be freed; or NULL.
 */
char *conf_check(const uuid_t uuid, enum conf_key key, const char *text,
		 struct conf_error *error)
{
	struct part part = { text, strlen(text) };

	error->line = 0;
	return check(uuid, key, trim(part), error);
}

static bool find_key(struct part name, enum conf_key *key)
{
	for (*key = 0; *key < CONF_KEYS; ++*key)
		if (is(name, keys[*key].name))
			return true;
	return false;
}

/**
 * conf_find_key() - the key that has a name
 * @name: the name
 * @key: the key, if true is returned
 */
bool conf_find_key(const char *name, enum conf_key *key)
{
	struct part part = { name, strlen(name) };

	return find_key(part, key);
}

/**
 * conf_key_name() - the name of a key
 * @key: it
 */
const char *conf_key_name(enum conf_key key)
{
	return keys[key].name;
}

/* What a line is. */
struct line {
	enum { LINE_EMPTY, LINE_SECTION, LINE_VALUE } kind;
	uuid_t uuid;			/* of a section */
	enum conf_key key;
	struct part value;
};

/* @part: from "[" on */
static bool parse_section(struct part part, struct line *line, struct conf_error *error)
{
	struct part name = part, word;
	char uuid[UUID_STR_LEN] = "";

	line->kind = LINE_SECTION;
	if (part.start[part.len - 1] != ']')
		return wrong(error, "\"]\" is missing after %s", shown(part).s);
	name.start++;
	name.len -= 2;
	name = trim(name);
	word = take(&name, ' ');
	name = trim(name);
	if (!is(word, SECTION) || name.len != sizeof(uuid) - 1)
		return wrong(error, "%s is not [" SECTION " <uuid>]", shown(part).s);
	memcpy(uuid, name.start, name.len);
	if (uuid_parse(uuid, line->uuid))
		return wrong(error, "%s is no uuid", shown(name).s);
	if (uuid_is_null(line->uuid))
		return wrong(error, "no namespace has the uuid %s", uuid);
	return true;
}

static bool parse_line(struct part part, struct line *line, struct conf_error *error)
{
	struct part name;

	line->kind = LINE_EMPTY;
	if (part.len && memchr(part.start, '\0', part.len))
		return wrong(error, "there is a NUL byte");
	part = trim(take(&part, '#'));
	if (!part.len)
		return true;
	if (*part.start == '[')
		return part.len > 1 ? parse_section(part, line, error) :
		       wrong(error, "[ is not [" SECTION " <uuid>]");
	line->kind = LINE_VALUE;
	if (!memchr(part.start, '=', part.len))
		return wrong(error, "%s is not \"key = value\"", shown(part).s);
	name = trim(take(&part, '='));
	line->value = trim(part);
	if (!find_key(name, &line->key))
		return wrong(error, "there is no key %s",
			     name.len ? shown(name).s : "without a name");
	return true;
}

static struct conf_section *find(const struct conf *conf, const uuid_t uuid)
{
	size_t i;

	for (i = 0; i < conf->count; i++)
		if (!uuid_compare(conf->sections[i].uuid, uuid))
			return &conf->sections[i];
	return NULL;
}

static struct conf_section *find_or_add(struct conf *conf, const uuid_t uuid)
{
	struct conf_section *section = find(conf, uuid);

	if (section)
		return section;
	section = reallocarray(conf->sections, conf->count + 1, sizeof(*section));
	if (!section)
		return NULL;
	conf->sections = section;
	section += conf->count++;
	memset(section, 0, sizeof(*section));
	uuid_copy(section->uuid, uuid);
	return section;
}

/* Return: 0 or -ENOMEM. @text is the configuration's from now on */
static int set(struct conf *conf, const uuid_t uuid, enum conf_key key,
	       const struct conf_value *new)
{
	struct conf_section *section = find_or_add(conf, uuid);

	if (!section) {
		free(new->text);
		return -ENOMEM;
	}
	free(section->values[key].text);
	section->values[key] = *new;
	return 0;
}

/**
 * conf_parse() - parse a file
 * @conf: where to; what was in it stays where it is not set anew
 * @file: the file's name, which lives as long as @conf does
 * @text: its content
 * @len: how long it is
 * @error: what is wrong with it, for -EINVAL
 *
 * Return: 0, -EINVAL or -ENOMEM. In each case @conf is to be freed.
 */
int conf_parse(struct conf *conf, const char *file, const char *text, size_t len,
	       struct conf_error *error)
{
	struct conf_value value = { .file = file };
	struct part rest = { text, len };
	struct line line;
	uuid_t uuid = { };
	int ret;

	for (error->line = 1; rest.len; error->line++) {
		if (!parse_line(take(&rest, '\n'), &line, error))
			return -EINVAL;
		if (line.kind == LINE_SECTION)
			uuid_copy(uuid, line.uuid);
		if (line.kind != LINE_VALUE)
			continue;
		value.line = error->line;
		value.text = check(uuid, line.key, line.value, error);
		if (!value.text)
			return -EINVAL;
		ret = set(conf, uuid, line.key, &value);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * conf_get() - what is set
 * @conf: the configuration
 * @uuid: for which namespace; conf_all for all
 * @key: of which key
 *
 * Return: it, or NULL if it is not set.
 */
const struct conf_value *conf_get(const struct conf *conf, const uuid_t uuid,
				  enum conf_key key)
{
	const struct conf_section *section = find(conf, uuid);

	return section && section->values[key].text ? &section->values[key] : NULL;
}

/**
 * conf_protects() - whether a namespace is to be protected
 * @conf: the configuration
 * @uuid: the namespace's; the null one has what is set for all
 *
 * Return: 1 yes, 0 no, -1 nothing is set.
 */
int conf_protects(const struct conf *conf, const uuid_t uuid)
{
	const struct conf_value *value = conf_get(conf, uuid, CONF_PROTECT) ?:
					 conf_get(conf, conf_all, CONF_PROTECT);

	if (!value)
		return -1;
	return !strcmp(value->text, "yes") || !strcmp(value->text, "all");
}

/**
 * conf_free() - free what conf_parse() made
 * @conf: it
 */
void conf_free(struct conf *conf)
{
	size_t i;
	int key;

	for (i = 0; i < conf->count; i++)
		for (key = 0; key < CONF_KEYS; key++)
			free(conf->sections[i].values[key].text);
	free(conf->sections);
	conf->sections = NULL;
	conf->count = 0;
}

/* Where the new line is to go: behind the last one of the key, or else of the section. */
struct place {
	bool found;			/* there is such a section */
	const char *end;
};

static struct place find_place(const char *text, size_t len, const uuid_t uuid,
			       enum conf_key key)
{
	struct place place = { uuid_is_null(uuid), text };
	struct part rest = { text, len };
	struct conf_error error;
	struct line line = { };
	bool inside = place.found, of_key = false;

	while (rest.len) {
		if (!parse_line(take(&rest, '\n'), &line, &error))
			continue;
		if (line.kind == LINE_SECTION)
			inside = !uuid_compare(line.uuid, uuid);
		if (!inside || line.kind == LINE_EMPTY)
			continue;
		place.found = true;
		if (line.kind == LINE_VALUE && line.key == key)
			of_key = true;
		else if (of_key)
			continue;
		place.end = rest.start;
	}
	return place;
}

/* Write a part, whose last line may lack its end. */
static void put(FILE *file, struct part part)
{
	fwrite(part.start, 1, part.len, file);
	if (part.len && part.start[part.len - 1] != '\n')
		fputc('\n', file);
}

static void put_value(FILE *file, enum conf_key key, const char *value)
{
	fprintf(file, "%s =%s%s\n", keys[key].name, *value ? " " : "", value);
}

/* All lines but those that set a key. */
static void put_others(FILE *file, struct part rest, uuid_t section, const uuid_t uuid,
		       enum conf_key key)
{
	struct conf_error error;
	struct line line = { };
	struct part part;

	while (rest.len) {
		part.start = rest.start;
		if (!parse_line(take(&rest, '\n'), &line, &error))
			line.kind = LINE_EMPTY;
		part.len = rest.start - part.start;
		if (line.kind == LINE_SECTION)
			uuid_copy(section, line.uuid);
		if (line.kind != LINE_VALUE || line.key != key || uuid_compare(section, uuid))
			put(file, part);
	}
}

/**
 * conf_edit() - set or unset a key in a file's content
 * @text: the content
 * @len: how long it is
 * @uuid: for which namespace; conf_all for all
 * @key: the key
 * @value: what it is to be, as conf_check() returns it; NULL to unset it
 *
 * All else stays as it is, comments too.
 *
 * Return: the new content, to be freed; or NULL if there is no memory.
 */
char *conf_edit(const char *text, size_t len, const uuid_t uuid, enum conf_key key,
		const char *value)
{
	struct place place = find_place(text, len, uuid, key);
	struct part before = { text, place.found ? (size_t)(place.end - text) : len };
	struct part after = { text + before.len, len - before.len };
	uuid_t section = { };
	char name[UUID_STR_LEN], *new = NULL;
	size_t size;
	FILE *file = open_memstream(&new, &size);
	bool failed;

	if (!file)
		return NULL;
	put_others(file, before, section, uuid, key);
	if (value && !place.found) {
		uuid_unparse(uuid, name);
		fprintf(file, "%s[" SECTION " %s]\n", len ? "\n" : "", name);
	}
	if (value)
		put_value(file, key, value);
	put_others(file, after, section, uuid, key);
	failed = ferror(file);
	if (!fclose(file) && !failed)
		return new;
	free(new);
	return NULL;
}
