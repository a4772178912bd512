// SPDX-License-Identifier: GPL-2.0
/*
 * Which buses, DIMMs, regions and namespaces are meant, by the names that ndctl takes.
 *
 * Each filter is a list of names with spaces between them, of which one has to match;
 * "all" matches everything. A bus has the names ndbus<id>, <id> and its provider's;
 * a DIMM nmem<id> and <id>; a region region<id> and <id>; a namespace namespace<x.y>
 * and <x.y>, and that of its DAX device. A mode selects namespaces alone: their region is
 * listed whatever mode they have, as it is by ndctl.
 */
#include <linux/ndctl.h>
#include <stdio.h>
#include <string.h>

#include "array.h"
#include "module.h"
#include "select.h"

/* Whether a list of names has one. */
static bool listed(const char *list, const char *name)
{
	size_t len = strlen(name);

	while (list && *(list += strspn(list, " "))) {
		size_t word = strcspn(list, " ");

		if (word == len && !memcmp(list, name, len))
			return true;
		list += word;
	}
	return false;
}

static bool all(const char *list)
{
	return !list || listed(list, "all");
}

static bool numbered(const char *list, unsigned int id)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", id);
	return listed(list, number);
}

/**
 * select_option() - take an option that selects
 * @sel: the selection
 * @option: its letter
 * @argument: its argument
 *
 * Return: false if it is none of those.
 */
bool select_option(struct selection *sel, int option, const char *argument)
{
	switch (option) {
	case 'b':
		sel->bus = argument;
		return true;
	case 'r':
		sel->region = argument;
		return true;
	case 'd':
		sel->dimm = argument;
		return true;
	case 'n':
		sel->namespace = argument;
		return true;
	case 'm':
		sel->mode = argument;
		return true;
	default:
		return false;
	}
}

/* The mode that a name stands for, or NDCTL_NS_MODE_UNKNOWN. */
static enum ndctl_namespace_mode mode_of(const char *name)
{
	static const struct {
		const char *name;
		enum ndctl_namespace_mode mode;
	} modes[] = {
		{ "fsdax", NDCTL_NS_MODE_FSDAX },
		{ "memory", NDCTL_NS_MODE_FSDAX },
		{ "devdax", NDCTL_NS_MODE_DEVDAX },
		{ "dax", NDCTL_NS_MODE_DEVDAX },
		{ "sector", NDCTL_NS_MODE_SECTOR },
		{ "safe", NDCTL_NS_MODE_SECTOR },
		{ "raw", NDCTL_NS_MODE_RAW },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(modes); i++)
		if (!strcmp(modes[i].name, name))
			return modes[i].mode;
	return NDCTL_NS_MODE_UNKNOWN;
}

/**
 * select_mode_is_known() - whether the mode of a selection is one that there is
 * @sel: the selection
 */
bool select_mode_is_known(const struct selection *sel)
{
	return !sel->mode || mode_of(sel->mode) != NDCTL_NS_MODE_UNKNOWN;
}

static bool bus_is_named(const char *list, struct ndctl_bus *bus)
{
	return all(list) || numbered(list, ndctl_bus_get_id(bus)) ||
	       listed(list, ndctl_bus_get_devname(bus)) ||
	       listed(list, ndctl_bus_get_provider(bus));
}

static bool dimm_is_named(const char *list, struct ndctl_dimm *dimm)
{
	return all(list) || numbered(list, ndctl_dimm_get_id(dimm)) ||
	       listed(list, ndctl_dimm_get_devname(dimm));
}

static bool region_is_named(const char *list, struct ndctl_region *region)
{
	return all(list) || numbered(list, ndctl_region_get_id(region)) ||
	       listed(list, ndctl_region_get_devname(region));
}

/**
 * select_is_listed() - whether a list of names has one, or means all
 * @list: the names
 * @name: the one
 */
bool select_is_listed(const char *list, const char *name)
{
	return all(list) || listed(list, name);
}

/**
 * select_is_named() - whether a list of names has a namespace's
 * @list: the names
 * @ndns: the namespace
 */
bool select_is_named(const char *list, struct ndctl_namespace *ndns)
{
	char id[32];

	snprintf(id, sizeof(id), "%u.%u",
		 ndctl_region_get_id(ndctl_namespace_get_region(ndns)),
		 ndctl_namespace_get_id(ndns));
	return all(list) || listed(list, id) ||
	       listed(list, ndctl_namespace_get_devname(ndns)) ||
	       listed(list, module_device(ndns));
}

/**
 * select_claim() - what has claimed a namespace
 * @ndns: the namespace
 *
 * Each question is a file that libndctl reads, so each is asked once.
 */
struct claim select_claim(struct ndctl_namespace *ndns)
{
	struct claim claim = { .pfn = ndctl_namespace_get_pfn(ndns) };

	if (!claim.pfn)
		claim.btt = ndctl_namespace_get_btt(ndns);
	if (!claim.pfn && !claim.btt)
		claim.dax = ndctl_namespace_get_dax(ndns);
	return claim;
}

/**
 * select_claim_uuid() - the uuid by which "ndctl list" shows a namespace
 * @ndns: the namespace
 * @claim: what has claimed it
 * @uuid: its uuid, if true is returned
 *
 * Return: false if it has none, as where there are no labels.
 */
bool select_claim_uuid(struct ndctl_namespace *ndns, const struct claim *claim, uuid_t uuid)
{
	if (claim->btt)
		ndctl_btt_get_uuid(claim->btt, uuid);
	else if (claim->pfn)
		ndctl_pfn_get_uuid(claim->pfn, uuid);
	else if (claim->dax)
		ndctl_dax_get_uuid(claim->dax, uuid);
	else if (ndctl_namespace_get_type(ndns) != ND_DEVICE_NAMESPACE_IO)
		ndctl_namespace_get_uuid(ndns, uuid);
	else
		return false;
	return true;
}

/**
 * select_uuid() - the same, for whom does not need the claim
 * @ndns: the namespace
 * @uuid: its uuid, if true is returned
 *
 * Return: as there.
 */
bool select_uuid(struct ndctl_namespace *ndns, uuid_t uuid)
{
	struct claim claim = select_claim(ndns);

	return select_claim_uuid(ndns, &claim, uuid);
}

static bool region_has_dimm(const struct selection *sel, struct ndctl_region *region)
{
	struct ndctl_dimm *dimm;

	if (all(sel->dimm))
		return true;
	ndctl_dimm_foreach_in_region(region, dimm)
		if (dimm_is_named(sel->dimm, dimm))
			return true;
	return false;
}

static bool region_has_namespace(const struct selection *sel,
				 struct ndctl_region *region)
{
	struct ndctl_namespace *ndns;

	if (all(sel->namespace))
		return true;
	ndctl_namespace_foreach(region, ndns)
		if (select_is_named(sel->namespace, ndns))
			return true;
	return false;
}

/**
 * select_bus() - whether a bus is meant
 * @sel: the selection
 * @bus: the bus
 */
bool select_bus(const struct selection *sel, struct ndctl_bus *bus)
{
	struct ndctl_region *region;
	struct ndctl_dimm *dimm;
	bool found;

	if (!bus_is_named(sel->bus, bus))
		return false;
	found = all(sel->dimm);
	ndctl_dimm_foreach(bus, dimm)
		found |= dimm_is_named(sel->dimm, dimm);
	if (!found)
		return false;
	found = all(sel->region) && all(sel->namespace);
	ndctl_region_foreach(bus, region)
		found |= region_is_named(sel->region, region) &&
			 region_has_namespace(sel, region);
	return found;
}

/**
 * select_dimm() - whether a DIMM is meant
 * @sel: the selection
 * @dimm: the DIMM, of a bus that is
 */
bool select_dimm(const struct selection *sel, struct ndctl_dimm *dimm)
{
	struct ndctl_region *region;
	struct ndctl_dimm *other;

	if (!sel->idle && !ndctl_dimm_is_enabled(dimm))
		return false;
	if (!dimm_is_named(sel->dimm, dimm))
		return false;
	if (all(sel->region) && all(sel->namespace))
		return true;
	ndctl_region_foreach(ndctl_dimm_get_bus(dimm), region) {
		if (!region_is_named(sel->region, region) ||
		    !region_has_namespace(sel, region))
			continue;
		ndctl_dimm_foreach_in_region(region, other)
			if (other == dimm)
				return true;
	}
	return false;
}

/**
 * select_region() - whether a region is meant
 * @sel: the selection
 * @region: the region, of a bus that is
 */
bool select_region(const struct selection *sel, struct ndctl_region *region)
{
	return region_is_named(sel->region, region) && region_has_dimm(sel, region) &&
	       region_has_namespace(sel, region);
}

/**
 * select_namespace() - whether a namespace is meant
 * @sel: the selection
 * @ndns: the namespace, of a region that is
 *
 * What is neither active nor wanted idle is none.
 */
bool select_namespace(const struct selection *sel, struct ndctl_namespace *ndns)
{
	if (!sel->idle && !ndctl_namespace_is_active(ndns))
		return false;
	if (sel->mode && ndctl_namespace_get_mode(ndns) != mode_of(sel->mode))
		return false;
	return select_is_named(sel->namespace, ndns);
}

/**
 * select_each() - do something with each namespace that is meant
 * @ctx: libndctl's
 * @sel: the selection
 * @each: what is done; what it returns, if not 0, ends it
 * @arg: its argument
 *
 * Return: what @each returned last, or 0.
 */
int select_each(struct ndctl_ctx *ctx, const struct selection *sel,
		int (*each)(struct ndctl_namespace *ndns, void *arg), void *arg)
{
	struct ndctl_namespace *ndns;
	struct ndctl_region *region;
	struct ndctl_bus *bus;
	int ret;

	ndctl_bus_foreach(ctx, bus) {
		if (!select_bus(sel, bus))
			continue;
		ndctl_region_foreach(bus, region) {
			if (!select_region(sel, region))
				continue;
			ndctl_namespace_foreach(region, ndns) {
				if (!select_namespace(sel, ndns))
					continue;
				ret = each(ndns, arg);
				if (ret)
					return ret;
			}
		}
	}
	return 0;
}
