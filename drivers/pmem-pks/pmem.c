// SPDX-License-Identifier: GPL-2.0
/*
 * pmem mappings: each one that the kernel has, and each one that comes, becomes
 * a domain, and stops being one before it goes.
 *
 * Those with struct page (nd_pmem's fsdax, device_dax's devdax) are mapped into
 * the kernel's direct map by memremap_pages() and unmapped by memunmap_pages().
 * Those without (raw, sector, and the few pages that the driver looks at for an
 * info block before it knows what a namespace is) are mapped like device memory
 * by devm_memremap(), and unmapped by devm_memremap_release(), which devres
 * calls. All four are hooked.
 *
 * The drivers request the memory first, by a name that goes to the tree of I/O
 * memory resources. The first byte is the namespace's in each, which tells pmem
 * from other memory: there is no other mark that the pmem of NVDIMMs, of memmap=
 * and of virtio have in common. The last byte is the namespace's or the DAX
 * device's, which gives the domain the name that `ndctl list` and `daxctl list`
 * show. Memory that daxctl gives to the kernel as RAM has no dev_pagemap and
 * never gets here.
 *
 * pmem_lock orders the changes. All here is process context.
 */
#include <linux/device.h>
#include <linux/ioport.h>
#include <linux/libnvdimm.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "internal.h"

static LIST_HEAD(domains);
static DEFINE_MUTEX(pmem_lock);
static bool protect_all;
static bool closing;		/* no new domains */
static bool settled;		/* nobody is in a writer without a grant */
static rwlock_t *resource_lock;

/* pmem_lock held. */
static bool pmem_has_name(const char *name)
{
	struct domain *d;

	list_for_each_entry(d, &domains, list)
		if (!strcmp(d->name, name))
			return true;
	return false;
}

/* The name of the innermost resource that is in use and holds an address. */
static void pmem_resource(char *name, resource_size_t addr)
{
	const struct resource *res = iomem_resource.child;

	*name = '\0';
	read_lock(resource_lock);
	while (res) {
		if (addr < res->start || addr > res->end) {
			res = res->sibling;
			continue;
		}
		if (res->flags & IORESOURCE_BUSY)
			strscpy(name, res->name, DOMAIN_NAME_LEN);
		res = res->child;
	}
	read_unlock(resource_lock);
}

/*
 * pmem_lock held. Everybody may know the name: it is no address. @end: the last
 * byte of the range.
 */
static void pmem_name(char *name, resource_size_t end)
{
	char device[DOMAIN_NAME_LEN];
	unsigned int n = 0;

	pmem_resource(device, end);
	if (!*device)
		strscpy(device, "pmem", sizeof(device));
	strscpy(name, device, DOMAIN_NAME_LEN);
	while (pmem_has_name(name))
		snprintf(name, DOMAIN_NAME_LEN, "%.20s:%u", device, ++n);
}

static bool pmem_is_namespace(resource_size_t addr)
{
	char name[DOMAIN_NAME_LEN];
	unsigned int region, id;

	pmem_resource(name, addr);
	return sscanf(name, "namespace%u.%u", &region, &id) == 2;
}

/*
 * pmem_lock held. @owner: what the mapping is known by when it goes.
 * @pages: how much lies before the first page that can be pinned.
 */
static int pmem_add_range(const void *owner, void *addr, phys_addr_t phys,
			  size_t size, size_t pages)
{
	char name[DOMAIN_NAME_LEN];
	int ret = -ENOMEM;
	struct domain *d;

	pmem_name(name, phys + size - 1);
	d = kzalloc(sizeof(*d), GFP_KERNEL);
	if (!d)
		goto fail;
	strscpy(d->name, name, sizeof(d->name));
	d->start = (unsigned long)addr;
	d->end = d->start + size;
	d->phys = phys;
	d->pages = d->start + pages;
	d->owner = owner;
	d->fault_mode = FAULT_INHERIT;
	ret = domain_add(d);
	if (ret) {
		kfree(d);
		goto fail;
	}
	ret = sysfs_add_domain(d);
	if (ret) {
		domain_del(d);
		kobject_put(&d->kobj);
		goto fail;
	}
	page_watch(d);
	list_add_tail(&d->list, &domains);
	alias_scan(d);
	return 0;
fail:
	pr_err("cannot protect %s (%d)\n", name, ret);
	return ret;
}

/* pmem_lock held. */
static void pmem_remove(struct domain *d)
{
	list_del(&d->list);
	sysfs_del_domain(d);
	alias_drop(d);
	domain_del(d);
	page_unwatch(d);
	kobject_put(&d->kobj);
}

/* pmem_lock held. @owner: NULL for all. */
static void pmem_remove_owner(const void *owner)
{
	struct domain *d, *next;

	list_for_each_entry_safe(d, next, &domains, list)
		if (!owner || d->owner == owner)
			pmem_remove(d);
}

/* pmem_lock held. */
static bool pmem_has_owner(const void *owner)
{
	struct domain *d;

	list_for_each_entry(d, &domains, list)
		if (d->owner == owner)
			return true;
	return false;
}

/* pmem_lock held. Adds what is pmem of a mapping and not a domain yet. */
static int pmem_add_pgmap(struct dev_pagemap *pgmap)
{
	const struct vmem_altmap *altmap = pgmap_altmap(pgmap);
	size_t metadata = 0;
	int ret, i;

	if (pgmap->type != MEMORY_DEVICE_FS_DAX &&
	    pgmap->type != MEMORY_DEVICE_GENERIC)
		return 0;
	if (pmem_has_owner(pgmap))
		return 0;
	/* What is before the data: the driver's reserve, and struct page. */
	if (altmap)
		metadata = PFN_PHYS(altmap->reserve + altmap->free);
	for (i = 0; i < pgmap->nr_range; i++) {
		const struct range *range = &pgmap->ranges[i];

		if (!pmem_is_namespace(range->start))
			continue;
		ret = pmem_add_range(pgmap, __va(range->start), range->start,
				     range_len(range), i ? 0 : metadata);
		if (ret) {
			pmem_remove_owner(pgmap);
			return ret;
		}
	}
	return 0;
}

/*
 * pmem_lock held. The same for a mapping without struct page: as far as it is
 * contiguous. The kernel leaves a page free behind each.
 */
static int pmem_add_memremap(void *addr)
{
	unsigned long start = (unsigned long)addr & PAGE_MASK;
	unsigned long end = start, next, frame, first;
	const struct domain_range *r;
	bool known;

	if (!is_vmalloc_addr(addr) || pmem_has_owner(addr))
		return 0;
	/* An alias of a namespace that is mapped. */
	preempt_disable();
	known = domain_find(start, &r);
	preempt_enable();
	if (known)
		return 0;
	while (keymap_leaf(end, &frame, &next)) {
		if (end == start)
			first = frame;
		if (frame - first != PHYS_PFN(end - start))
			break;
		end = next;
	}
	if (end == start || !pmem_is_namespace(PFN_PHYS(first)))
		return 0;
	return pmem_add_range(addr, (void *)start, PFN_PHYS(first), end - start,
			      end - start);
}

/* pmem_lock held. @owner: NULL for all. */
static int pmem_protect(const void *owner)
{
	struct domain *d;
	int ret;

	list_for_each_entry(d, &domains, list) {
		if (owner && d->owner != owner)
			continue;
		ret = domain_protect(d, true);
		if (ret)
			return ret;
	}
	return 0;
}

enum { MEMREMAP_PAGES, MEMREMAP, MEMUNMAP_PAGES, MEMUNMAP };

static struct hook pmem_functions[] = {
	[MEMREMAP_PAGES] = { .name = "memremap_pages" },
	[MEMREMAP] = { .name = "devm_memremap" },
	[MEMUNMAP_PAGES] = { .name = "memunmap_pages" },
	[MEMUNMAP] = { .name = "devm_memremap_release" },
};

static struct hook_set pmem_hooks = {
	.hooks = pmem_functions,
	.nr = ARRAY_SIZE(pmem_functions),
	.trampoline = (unsigned long)hook_pmem_trampoline,
	.kind = HOOK_MAPPINGS,
};

/* What pmem_enter() returns: no address of a pgmap. */
enum { TOKEN_MEMREMAP = 1, TOKEN_UNMAP };

/*
 * Before memremap_pages(pgmap, nid), devm_memremap(dev, offset, size, flags),
 * memunmap_pages(pgmap) and devm_memremap_release(dev, &addr). Of the latter two
 * our part is done with that; but they return to us as well, so that hook_settle()
 * need not wait for those that came when we were there.
 */
unsigned long pmem_enter(const unsigned long *args, unsigned long ip)
{
	const void *owner = (const void *)args[0];

	switch (hook_from(&pmem_hooks, ip) - pmem_functions) {
	case MEMREMAP_PAGES:
		return args[0];
	case MEMREMAP:
		return TOKEN_MEMREMAP;
	case MEMUNMAP:
		owner = *(void **)args[1];
		break;
	}
	mutex_lock(&pmem_lock);
	if (owner)
		pmem_remove_owner(owner);
	mutex_unlock(&pmem_lock);
	return TOKEN_UNMAP;
}

/* Behind the first two: their caller gets the mapping when it is protected. */
void pmem_exit_map(unsigned long token, unsigned long ret)
{
	const void *owner = (const void *)token;
	int err;

	if (token == TOKEN_UNMAP || IS_ERR_VALUE(ret))
		return;
	mutex_lock(&pmem_lock);
	if (token == TOKEN_MEMREMAP)
		owner = (const void *)ret;
	if (closing)
		err = -ESHUTDOWN;
	else if (token == TOKEN_MEMREMAP)
		err = pmem_add_memremap((void *)ret);
	else
		err = pmem_add_pgmap((struct dev_pagemap *)token);
	if (!err && protect_all)
		pmem_protect(owner);
	mutex_unlock(&pmem_lock);
}

/* A mapping starts and ends on a subsection of the kernel's memory map. */
static int __init pmem_scan_resource(struct resource *res, void *arg)
{
	unsigned long pfn = PHYS_PFN(res->start);
	unsigned long end = PHYS_PFN(res->end + 1);

	if (!pmem_is_namespace(res->start))
		return 0;
	while (pfn < end) {
		struct dev_pagemap *pgmap = get_dev_pagemap(pfn, NULL);
		unsigned long next = SUBSECTION_ALIGN_DOWN(pfn) +
				     PAGES_PER_SUBSECTION;
		int ret, i;

		if (pgmap) {
			ret = pmem_add_pgmap(pgmap);
			for (i = 0; i < pgmap->nr_range; i++) {
				unsigned long last =
					PHYS_PFN(pgmap->ranges[i].end);

				if (PHYS_PFN(pgmap->ranges[i].start) <= pfn &&
				    pfn <= last)
					next = last + 1;
			}
			put_dev_pagemap(pgmap);
			if (ret)
				return ret;
		}
		pfn = next;
	}
	return 0;
}

struct memremaps {
	void *addr[8];
	unsigned int nr;
};

/* devres' lock held. */
static void __init pmem_note_memremap(struct device *dev, void *res, void *arg)
{
	struct memremaps *found = arg;

	if (found->nr < ARRAY_SIZE(found->addr))
		found->addr[found->nr] = *(void **)res;
	found->nr++;
}

/* A mapping that is in the device's list stays while we have pmem_lock. */
static int __init pmem_scan_device(struct device *dev, void *release)
{
	struct memremaps found = {};
	int ret;

	devres_for_each_res(dev, (dr_release_t)release, NULL, NULL,
			    pmem_note_memremap, &found);
	if (found.nr > ARRAY_SIZE(found.addr))
		return -E2BIG;
	while (found.nr) {
		ret = pmem_add_memremap(found.addr[--found.nr]);
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * Mappings without struct page are in no table but those of their devices, all
 * of which are on libnvdimm's bus, which it exports to nobody.
 */
static int __init pmem_scan_bus(void)
{
	void *bus;
	int ret = 0;

	/* Nothing of what it exports is needed: libnvdimm itself has to stay. */
	if (!symbol_get(to_nd_region))
		return 0;
	bus = (void *)hook_symbol("nvdimm_bus_type");
	if (bus)
		ret = bus_for_each_dev(bus, NULL,
				       (void *)pmem_functions[MEMUNMAP].addr,
				       pmem_scan_device);
	else
		pr_err("cannot resolve nvdimm_bus_type\n");
	symbol_put(to_nd_region);
	return bus ? ret : -ENOENT;
}

/* pmem_lock held. */
static int __init pmem_scan(void)
{
	int ret = pmem_scan_bus();

	if (ret)
		return ret;
	ret = walk_iomem_res_desc(IORES_DESC_NONE,
				  IORESOURCE_MEM | IORESOURCE_BUSY, 0, -1, NULL,
				  pmem_scan_resource);
	/* -EINVAL: there was none to walk. */
	return ret == -EINVAL ? 0 : ret;
}

/**
 * pmem_for_each() - call a function for each pmem domain
 * @func: what to call; pmem_lock is held
 * @arg: its second argument
 *
 * Context: process context, sleeps.
 */
void pmem_for_each(void (*func)(struct domain *d, void *arg), void *arg)
{
	struct domain *d;

	mutex_lock(&pmem_lock);
	list_for_each_entry(d, &domains, list)
		func(d, arg);
	mutex_unlock(&pmem_lock);
}

/**
 * pmem_init() - make each pmem mapping a domain, from now on
 * @protect: whether to protect them
 *
 * The order is what makes it right: with the hooks in place and nobody left in
 * memremap_pages() who will not return to us, the scan and the hooks together
 * miss no mapping. With the domains in the table each new writer gets a grant; and
 * with nobody left in a writer without one, turning protection on catches no
 * writer, now or whenever somebody does it.
 *
 * Return: 0; an error of hook_place(), domain_add() or domain_protect(); -EINTR
 * when a signal came while it waited for the writers.
 */
int __init pmem_init(bool protect)
{
	int ret;

	resource_lock = (rwlock_t *)hook_symbol("resource_lock");
	if (!resource_lock) {
		pr_err("cannot resolve resource_lock\n");
		return -ENOENT;
	}
	ret = alias_init();
	if (ret)
		return ret;
	ret = hook_place(&pmem_hooks);
	if (ret)
		goto exit;
	ret = hook_settle(HOOK_MAPPINGS, true);
	if (ret)
		goto exit;

	mutex_lock(&pmem_lock);
	ret = pmem_scan();
	alias_settled();
	mutex_unlock(&pmem_lock);
	if (ret)
		goto exit;
	/* Mappings may come and go meanwhile. */
	ret = hook_settle(HOOK_WRITERS, true);
	if (ret)
		goto exit;

	mutex_lock(&pmem_lock);
	WRITE_ONCE(settled, true);
	protect_all = protect;
	if (protect)
		ret = pmem_protect(NULL);
	mutex_unlock(&pmem_lock);
	if (ret)
		goto exit;
	return 0;
exit:
	pmem_exit();
	return ret;
}

/**
 * pmem_is_settled() - whether protection may be turned on
 *
 * Return: false while the module is being loaded and somebody may be in a writer
 * without a grant.
 */
bool pmem_is_settled(void)
{
	return READ_ONCE(settled);
}

/**
 * pmem_exit() - end all pmem domains
 *
 * On return no leaf carries a key, and none will. A thread may still be in one of
 * the functions that were hooked, and come back to pmem_exit_map(); hook_drain()
 * waits for it.
 */
void pmem_exit(void)
{
	/* With the hooks in place, so that no mapping goes meanwhile. */
	mutex_lock(&pmem_lock);
	closing = true;
	pmem_remove_owner(NULL);
	mutex_unlock(&pmem_lock);

	hook_remove(&pmem_hooks);
	alias_exit();
}
