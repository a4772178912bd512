// SPDX-License-Identifier: GPL-2.0
/*
 * ndctl's objects, with the members that "ndctl list" prints, made from what libndctl
 * says; and the member "pks", from what the module says.
 */
#include <err.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <daxctl/libdaxctl.h>
#include <linux/ndctl.h>
#include <uuid/uuid.h>

#include "array.h"
#include "json.h"
#include "select.h"

static void add(struct json_object *object, const char *name, struct json_object *value)
{
	json_object_object_add(object, name, value);
}

static void add_string(struct json_object *object, const char *name, const char *value)
{
	add(object, name, json_object_new_string(value));
}

static void add_number(struct json_object *object, const char *name,
		       unsigned long long value)
{
	/* As ndctl has them: a cookie may be negative */
	add(object, name, json_object_new_int64(value));
}

static void add_bool(struct json_object *object, const char *name, bool value)
{
	add(object, name, json_object_new_boolean(value));
}

/* "<hundredths> unit", rounded, of the greatest of three units that fits */
static int print_unit(char *buf, size_t size, unsigned long long bytes,
		      unsigned int base, const char * const *units)
{
	unsigned long long unit = (unsigned long long)base * base, hundredths;

	while (bytes >= 2 * unit * base && units[1]) {
		unit *= base;
		units++;
	}
	hundredths = ((__uint128_t)bytes * 200 / unit + 1) / 2;
	return snprintf(buf, size, "%llu.%02llu %s", hundredths / 100, hundredths % 100,
			*units);
}

static void add_size(struct json_object *object, const char *name,
		     unsigned long long bytes, int flags)
{
	static const char * const binary[] = { "MiB", "GiB", "TiB", NULL };
	static const char * const decimal[] = { "MB", "GB", "TB", NULL };
	char buf[64];
	int len;

	if (!(flags & JSON_HUMAN) || bytes < 5000ULL * 1024) {
		add_number(object, name, bytes);
		return;
	}
	len = print_unit(buf, sizeof(buf), bytes, 1024, binary);
	len += snprintf(buf + len, sizeof(buf) - len, " (");
	len += print_unit(buf + len, sizeof(buf) - len, bytes, 1000, decimal);
	snprintf(buf + len, sizeof(buf) - len, ")");
	add_string(object, name, buf);
}

static void add_hex(struct json_object *object, const char *name,
		    unsigned long long value, int flags)
{
	char buf[32];

	if (flags & JSON_HUMAN) {
		snprintf(buf, sizeof(buf), "%#llx", value);
		add_string(object, name, buf);
	} else {
		add_number(object, name, value);
	}
}

static void add_uuid(struct json_object *object, const char *name, const uuid_t uuid)
{
	char buf[UUID_STR_LEN];

	uuid_unparse(uuid, buf);
	add_string(object, name, buf);
}

/**
 * json_bus() - a bus
 * @bus: it
 */
struct json_object *json_bus(struct ndctl_bus *bus)
{
	struct json_object *object = json_object_new_object();
	int scrub;

	add_string(object, "provider", ndctl_bus_get_provider(bus));
	add_string(object, "dev", ndctl_bus_get_devname(bus));
	/* libndctl would open a file without a name */
	scrub = ndctl_bus_has_nfit(bus) ? ndctl_bus_get_scrub_state(bus) : -1;
	if (scrub >= 0)
		add_string(object, "scrub_state", scrub ? "active" : "idle");
	return object;
}

static void add_security(struct json_object *object, struct ndctl_dimm *dimm)
{
	static const char * const states[] = {
		[NDCTL_SECURITY_DISABLED] = "disabled",
		[NDCTL_SECURITY_UNLOCKED] = "unlocked",
		[NDCTL_SECURITY_LOCKED] = "locked",
		[NDCTL_SECURITY_FROZEN] = "frozen",
		[NDCTL_SECURITY_OVERWRITE] = "overwrite",
	};
	int state = ndctl_dimm_get_security(dimm);

	if (state >= 0 && state < (int)ARRAY_SIZE(states))
		add_string(object, "security", states[state]);
	if (ndctl_dimm_security_is_frozen(dimm))
		add_bool(object, "security_frozen", true);
}

/**
 * json_dimm() - a DIMM
 * @dimm: it
 * @flags: JSON_*
 */
struct json_object *json_dimm(struct ndctl_dimm *dimm, int flags)
{
	struct json_object *object = json_object_new_object();
	const struct {
		const char *name;
		int is;
	} states[] = {
		{ "flag_failed_save", ndctl_dimm_failed_save(dimm) },
		{ "flag_failed_arm", ndctl_dimm_failed_arm(dimm) },
		{ "flag_failed_restore", ndctl_dimm_failed_restore(dimm) },
		{ "flag_failed_map", ndctl_dimm_failed_map(dimm) },
		{ "flag_failed_flush", ndctl_dimm_failed_flush(dimm) },
		{ "flag_smart_event", ndctl_dimm_smart_pending(dimm) },
	};
	size_t i;

	add_string(object, "dev", ndctl_dimm_get_devname(dimm));
	if (ndctl_dimm_get_unique_id(dimm))
		add_string(object, "id", ndctl_dimm_get_unique_id(dimm));
	if (ndctl_dimm_get_handle(dimm) < UINT_MAX)
		add_hex(object, "handle", ndctl_dimm_get_handle(dimm), flags);
	if (ndctl_dimm_get_phys_id(dimm) < USHRT_MAX)
		add_hex(object, "phys_id", ndctl_dimm_get_phys_id(dimm), flags);
	if (!ndctl_dimm_is_enabled(dimm))
		add_string(object, "state", "disabled");
	for (i = 0; i < ARRAY_SIZE(states); i++)
		if (states[i].is > 0)
			add_bool(object, states[i].name, true);
	add_security(object, dimm);
	return object;
}

static unsigned long long badblocks_of_region(struct ndctl_region *region,
					      unsigned long long start,
					      unsigned long long size)
{
	unsigned long long first, end, count = 0;
	struct badblock *bb;

	ndctl_region_badblock_foreach(region, bb) {
		first = ndctl_region_get_resource(region) + bb->offset * 512;
		end = first + bb->len * 512ULL;
		first = first > start ? first : start;
		end = end < start + size ? end : start + size;
		if (first < end)
			count += (end - first) / 512;
	}
	return count;
}

static const char *persistence_of(enum ndctl_persistence_domain domain)
{
	switch (domain) {
	case PERSISTENCE_NONE:
		return "none";
	case PERSISTENCE_MEM_CTRL:
		return "memory_controller";
	case PERSISTENCE_CPU_CACHE:
		return "cpu_cache";
	default:
		return "unknown";
	}
}

/* A region's part on one DIMM. */
static struct json_object *mapping_of(struct ndctl_mapping *mapping, int flags)
{
	struct json_object *object = json_object_new_object();

	add_string(object, "dimm", ndctl_dimm_get_devname(ndctl_mapping_get_dimm(mapping)));
	add_hex(object, "offset", ndctl_mapping_get_offset(mapping), flags);
	add_hex(object, "length", ndctl_mapping_get_length(mapping), flags);
	if (ndctl_mapping_get_position(mapping) >= 0)
		add_number(object, "position", ndctl_mapping_get_position(mapping));
	return object;
}

static void add_mappings(struct json_object *object, struct ndctl_region *region, int flags)
{
	struct json_object *array = json_object_new_array();
	struct ndctl_mapping *mapping;

	ndctl_mapping_foreach(region, mapping)
		json_object_array_add(array, mapping_of(mapping, flags));
	if (json_object_array_length(array))
		add(object, "mappings", array);
	else
		json_object_put(array);
}

/**
 * json_region() - a region, without its namespaces
 * @region: it
 * @flags: JSON_*
 */
struct json_object *json_region(struct ndctl_region *region, int flags)
{
	struct ndctl_interleave_set *iset = ndctl_region_get_interleave_set(region);
	struct json_object *object = json_object_new_object();
	struct badblock *bb;
	unsigned long long count = 0;

	add_string(object, "dev", ndctl_region_get_devname(region));
	add_size(object, "size", ndctl_region_get_size(region), flags);
	if (ndctl_region_get_align(region) < ULONG_MAX)
		add_size(object, "align", ndctl_region_get_align(region), flags);
	add_size(object, "available_size", ndctl_region_get_available_size(region), flags);
	if (ndctl_region_get_max_available_extent(region) < ULLONG_MAX)
		add_size(object, "max_available_extent",
			 ndctl_region_get_max_available_extent(region), flags);
	add_string(object, "type", ndctl_region_get_type(region) == ND_DEVICE_REGION_PMEM ?
		   "pmem" : ndctl_region_get_type_name(region));
	if (iset)
		add_hex(object, "iset_id", ndctl_interleave_set_get_cookie(iset), flags);
	if (!ndctl_region_is_enabled(region))
		add_string(object, "state", "disabled");
	if (flags & JSON_MAPPINGS)
		add_mappings(object, region, flags);
	ndctl_region_badblock_foreach(region, bb)
		count += bb->len;
	if (count)
		add_number(object, "badblock_count", count);
	add_string(object, "persistence_domain",
		   persistence_of(ndctl_region_get_persistence_domain(region)));
	return object;
}

static struct json_object *daxregion(struct daxctl_region *region, int flags)
{
	struct json_object *object = json_object_new_object();
	struct json_object *devices = json_object_new_array(), *device;
	struct daxctl_dev *dev;

	add_number(object, "id", daxctl_region_get_id(region));
	if (daxctl_region_get_size(region) < ULLONG_MAX)
		add_size(object, "size", daxctl_region_get_size(region), flags);
	if (daxctl_region_get_align(region) < ULONG_MAX)
		add_number(object, "align", daxctl_region_get_align(region));
	daxctl_dev_foreach(region, dev) {
		device = json_object_new_object();
		add_string(device, "chardev", daxctl_dev_get_devname(dev));
		add_size(device, "size", daxctl_dev_get_size(dev), flags);
		if (daxctl_dev_get_target_node(dev) >= 0)
			add_number(device, "target_node", daxctl_dev_get_target_node(dev));
		if (daxctl_dev_get_align(dev))
			add_number(device, "align", daxctl_dev_get_align(dev));
		add_string(device, "mode", daxctl_dev_get_memory(dev) ? "system-ram" : "devdax");
		json_object_array_add(devices, device);
	}
	add(object, "devices", devices);
	return object;
}

static void add_devdax(struct json_object *object, struct ndctl_dax *dax, int flags)
{
	struct daxctl_region *region = ndctl_dax_get_daxctl_region(dax);
	struct daxctl_dev *dev;

	if (!region)
		return;
	if (flags & JSON_DAX) {
		add(object, "daxregion", daxregion(region, flags));
		return;
	}
	dev = daxctl_dev_get_first(region);
	if (dev)
		add_string(object, "chardev", daxctl_dev_get_devname(dev));
}

/* A function may be followed by its module: "name+0x1/0x2 [module]". */
static void add_function(struct json_object *object, const char *function)
{
	size_t len = strlen(function), name = strcspn(function, " ");

	if (len > name + 3 && function[name + 1] == '[' && function[len - 1] == ']') {
		add(object, "function", json_object_new_string_len(function, name));
		add(object, "module",
		    json_object_new_string_len(function + name + 2, len - name - 3));
	} else {
		add_string(object, "function", function);
	}
}

static void copy_member(struct json_object *to, struct json_object *from, const char *name)
{
	struct json_object *member;

	if (json_object_object_get_ex(from, name, &member))
		add(to, name, json_object_get(member));
}

static struct json_object *last_of(struct json_object *record, int flags)
{
	struct json_object *object = json_object_new_object(), *member;

	copy_member(object, record, "time");
	if (json_object_object_get_ex(record, "function", &member))
		add_function(object, json_object_get_string(member) ?: "");
	if (json_object_object_get_ex(record, "offset", &member))
		add_hex(object, "offset", json_object_get_int64(member), flags);
	copy_member(object, record, "access");
	copy_member(object, record, "outcome");
	return object;
}

/* How a namespace is protected. @ns is NULL if the module does not know it. */
static struct json_object *pks_of(const struct module_namespace *ns,
				  const struct module_state *state,
				  struct json_object *records, int flags)
{
	struct json_object *object = json_object_new_object(), *last;

	add_bool(object, "protected", ns && ns->protected);
	if (!ns)
		return object;
	last = module_last(records, ns->device);
	add_number(object, "key", ns->key);
	add_bool(object, "key_shared", ns->key_shared);
	add_string(object, "mode", ns->mode);
	add_string(object, "effective_mode", module_effective_mode(state, ns));
	add_number(object, "stray_writes", ns->stray_writes);
	add_number(object, "pinned_writes", ns->pinned_writes);
	add_number(object, "fail_open", state->fail_open);
	if (last)
		add(object, "last", last_of(last, flags));
	return object;
}

static const char *map_of(enum ndctl_pfn_loc location)
{
	switch (location) {
	case NDCTL_PFN_LOC_RAM:
		return "mem";
	case NDCTL_PFN_LOC_PMEM:
		return "dev";
	default:
		return "none";
	}
}

static unsigned long long badblocks_of_namespace(struct ndctl_namespace *ndns,
						 struct ndctl_dax *dax)
{
	unsigned long long count = 0;
	struct badblock *bb;

	if (dax)
		return badblocks_of_region(ndctl_namespace_get_region(ndns),
					   ndctl_dax_get_resource(dax),
					   ndctl_dax_get_size(dax));
	ndctl_namespace_badblock_foreach(ndns, bb)
		count += bb->len;
	return count;
}

/* What a namespace's mode makes of it. */
struct use {
	const char *mode;
	const char *map;		/* NULL: it has none */
	const char *disk;		/* NULL or "": it has none */
	unsigned long long size;
	unsigned long align;		/* 0: it has none */
};

static struct use use_of(struct ndctl_namespace *ndns, const struct claim *claim)
{
	struct ndctl_btt *btt = claim->btt;
	struct ndctl_pfn *pfn = claim->pfn;
	struct ndctl_dax *dax = claim->dax;
	struct use use = { .size = ndctl_namespace_get_size(ndns) };

	switch (ndctl_namespace_get_mode(ndns)) {
	case NDCTL_NS_MODE_FSDAX:
		use.mode = "fsdax";
		use.map = pfn ? map_of(ndctl_pfn_get_location(pfn)) : "mem";
		break;
	case NDCTL_NS_MODE_DEVDAX:
		use.mode = "devdax";
		use.map = dax ? map_of(ndctl_dax_get_location(dax)) : NULL;
		break;
	case NDCTL_NS_MODE_SECTOR:
		use.mode = "sector";
		break;
	case NDCTL_NS_MODE_RAW:
		use.mode = "raw";
		break;
	default:
		break;
	}
	if (btt) {
		use.size = ndctl_btt_get_size(btt);
		use.disk = ndctl_btt_get_block_device(btt);
	} else if (pfn) {
		use.size = ndctl_pfn_get_size(pfn);
		use.disk = ndctl_pfn_get_block_device(pfn);
		use.align = ndctl_pfn_has_align(pfn) ? ndctl_pfn_get_align(pfn) : 0;
	} else if (dax) {
		use.size = ndctl_dax_get_size(dax);
		use.align = ndctl_dax_has_align(dax) ? ndctl_dax_get_align(dax) : 0;
	}
	if (!btt && !pfn)
		use.disk = ndctl_namespace_get_block_device(ndns);
	return use;
}

static void add_sector_size(struct json_object *object, struct ndctl_namespace *ndns,
			    struct ndctl_btt *btt)
{
	unsigned int size;

	size = btt ? ndctl_btt_get_sector_size(btt) : ndctl_namespace_get_sector_size(ndns);
	/* The kernel's default, where it says nothing */
	add_number(object, "sector_size", size && size < UINT_MAX ? size : 512);
}

/**
 * json_namespace() - a namespace, and how it is protected
 * @ndns: it
 * @state: what the module says
 * @records: the records of stray accesses, or NULL if they can't be had
 * @flags: JSON_*
 */
struct json_object *json_namespace(struct ndctl_namespace *ndns,
				   const struct module_state *state,
				   struct json_object *records, int flags)
{
	const struct module_namespace *ns = module_find_namespace(state, ndns);
	const char *name = ndctl_namespace_get_alt_name(ndns);
	struct json_object *object = json_object_new_object();
	struct claim claim = select_claim(ndns);
	struct use use = use_of(ndns, &claim);
	unsigned long long badblocks;
	uuid_t uuid;

	add_string(object, "dev", ndctl_namespace_get_devname(ndns));
	if (use.mode)
		add_string(object, "mode", use.mode);
	if (use.map)
		add_string(object, "map", use.map);
	if (use.size < ULLONG_MAX)
		add_size(object, "size", use.size, flags);
	if (select_claim_uuid(ndns, &claim, uuid))
		add_uuid(object, "uuid", uuid);
	if (claim.dax)
		add_devdax(object, claim.dax, flags);
	else
		add_sector_size(object, ndns, claim.btt);
	if (use.align)
		add_number(object, "align", use.align);
	if (use.disk && *use.disk)
		add_string(object, "blockdev", use.disk);
	/* What the module knows is enabled, and libndctl need not look for that */
	if (!ns && !ndctl_namespace_is_active(ndns))
		add_string(object, "state", "disabled");
	if (name && *name)
		add_string(object, "name", name);
	badblocks = badblocks_of_namespace(ndns, claim.dax);
	if (badblocks)
		add_number(object, "badblock_count", badblocks);
	add(object, "pks", pks_of(ns, state, records, flags));
	return object;
}

/**
 * json_string() - a member of an object, as a string
 * @object: the object
 * @name: the member's name
 *
 * Return: it, as part of @object; "" if there is none.
 */
const char *json_string(struct json_object *object, const char *name)
{
	struct json_object *member;

	return json_object_object_get_ex(object, name, &member) ?
		json_object_get_string(member) ?: "" : "";
}

/* Return: how many bytes the character has. @point: U+FFFD if it is none of UTF-8 */
static size_t character_of(const char *raw, unsigned int *point)
{
	static const unsigned int least[] = { 0, 0x80, 0x800, 0x10000 };
	const unsigned char *c = (const unsigned char *)raw;
	size_t more = *c < 0xc0 ? 0 : *c < 0xe0 ? 1 : *c < 0xf0 ? 2 : 3, i;

	*point = *c < 0x80 ? *c : *c & (0x3f >> more);
	for (i = 1; i <= more && (c[i] & 0xc0) == 0x80; i++)
		*point = *point << 6 | (c[i] & 0x3f);
	if (i > more && *point >= least[more] && *point <= 0x10ffff &&
	    (*point < 0xd800 || *point > 0xdfff) && (more || *c < 0x80) && *c < 0xf8)
		return i;
	*point = 0xfffd;
	return 1;
}

/**
 * json_text() - an object as JSON, in printable ASCII
 * @object: the object
 * @form: JSON_C_TO_STRING_*
 *
 * json-c escapes no DEL, and nothing that is not ASCII. A thread's name may have them, and
 * a terminal takes some for commands.
 *
 * Return: it, to be freed, or NULL.
 */
char *json_text(struct json_object *object, int form)
{
	const char *raw = json_object_to_json_string_ext(object, form |
							 JSON_C_TO_STRING_NOSLASHESCAPE);
	char *text = NULL;
	unsigned int c;
	size_t size;
	FILE *file;

	file = open_memstream(&text, &size);
	if (!file)
		return NULL;
	while (*raw) {
		raw += character_of(raw, &c);
		if (c < 0x7f)
			fputc(c, file);
		else if (c < 0x10000)
			fprintf(file, "\\u%04x", c);
		else
			fprintf(file, "\\u%04x\\u%04x", 0xd7c0 + (c >> 10), 0xdc00 | (c & 0x3ff));
	}
	if (fclose(file)) {
		free(text);
		return NULL;
	}
	return text;
}

static void print_form(FILE *file, struct json_object *object, int form)
{
	char *text = json_text(object, form);

	if (text)
		fprintf(file, "%s\n", text);
	else
		warn("cannot print JSON");
	free(text);
}

/**
 * json_print() - print an object as ndctl does
 * @file: where to
 * @object: the object
 */
void json_print(FILE *file, struct json_object *object)
{
	print_form(file, object, JSON_C_TO_STRING_PRETTY);
}

/**
 * json_print_line() - print an object in one line
 * @file: where to
 * @object: the object
 */
void json_print_line(FILE *file, struct json_object *object)
{
	print_form(file, object, JSON_C_TO_STRING_PLAIN);
}
