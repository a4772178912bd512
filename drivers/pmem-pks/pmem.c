// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings of pmem. Each mapping that the kernel has or makes becomes a domain, and
 * stops being one before it is unmapped.
 *
 * Mappings with struct page (nd_pmem's fsdax, device_dax's devdax) are in the direct
 * map: memremap_pages() makes them, and memunmap_pages() ends them. Mappings without
 * struct page (raw and sector mode, and the few pages that the driver searches for
 * an info block) are in vmalloc space: devm_memremap() makes them, and
 * devm_memremap_release(), which devres calls, ends them. All four are hooked.
 *
 * Before it maps the memory, a driver requests it under a name, which goes to the
 * tree of I/O memory resources. The resource of the first byte is always the
 * namespace's. That tells pmem from other memory: the pmem of NVDIMMs, of memmap=
 * and of virtio have no other mark in common. The resource of the last byte is the
 * namespace's or the DAX device's. It gives the domain the name that `ndctl list`
 * and `daxctl list` show. Memory that daxctl gives to the kernel as RAM has no
 * dev_pagemap, and does not come here.
 *
 * pmem_lock orders the changes. scan_lock keeps the scan at load apart from mappings
 * that are being made or ended: the kernel's tables have these before their struct
 * pages are there, or until after they are gone. All functions run in process
 * context.
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
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "internal.h"

static LIST_HEAD(domains);
static DEFINE_MUTEX(pmem_lock);
static bool protect_all;
static bool closing;		/* no new domains */
/* Calls between pmem_enter() and the end of pmem_exit_map(), and who waits for them. */
static unsigned int under_way;
static DECLARE_WAIT_QUEUE_HEAD(idle);
static DEFINE_MUTEX(scan_lock);

static bool pmem_has_name(const char *name)
{
	struct domain *d;

	lockdep_assert_held(&pmem_lock);
	list_for_each_entry(d, &domains, list)
		if (!strcmp(d->name, name))
			return true;
	return false;
}

/* Get the name of the innermost busy resource that contains an address, or "". */
static void pmem_resource(char *name, resource_size_t addr)
{
	const struct resource *res = iomem_resource.child;

	*name = '\0';
	read_lock(symbols.resource_lock);
	while (res) {
		if (addr < res->start || addr > res->end) {
			res = res->sibling;
			continue;
		}
		if (res->flags & IORESOURCE_BUSY)
			strscpy(name, res->name, DOMAIN_NAME_LEN);
		res = res->child;
	}
	read_unlock(symbols.resource_lock);
}

/*
 * Choose a domain's name. All users may read it, so it must contain no address.
 * @end: the last byte of the range
 */
static void pmem_name(char *name, resource_size_t end)
{
	char device[DOMAIN_NAME_LEN];
	unsigned int n = 0;

	lockdep_assert_held(&pmem_lock);
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
 * Make a range a domain.
 * @owner: identifies the mapping when it is unmapped
 * @pages: bytes before the first page that can be pinned
 */
static int pmem_add_range(const void *owner, void *addr, phys_addr_t phys,
			  size_t size, size_t pages)
{
	char name[DOMAIN_NAME_LEN];
	int ret = -ENOMEM;
	struct domain *d;

	lockdep_assert_held(&pmem_lock);
	pmem_name(name, phys + size - 1);
	d = kzalloc(sizeof(*d), GFP_KERNEL);
	if (!d)
		goto fail;
	domain_fill(d, name, 0, (unsigned long)addr, size);
	d->phys = phys;
	d->pages = d->start + pages;
	d->owner = owner;
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

static void pmem_remove(struct domain *d)
{
	lockdep_assert_held(&pmem_lock);
	list_del(&d->list);
	sysfs_del_domain(d);
	alias_drop(d);
	domain_del(d);
	page_unwatch(d);
	kobject_put(&d->kobj);
}

/* @owner: NULL for all domains */
static void pmem_remove_owner(const void *owner)
{
	struct domain *d, *next;

	lockdep_assert_held(&pmem_lock);
	list_for_each_entry_safe(d, next, &domains, list)
		if (!owner || d->owner == owner)
			pmem_remove(d);
}

static bool pmem_has_owner(const void *owner)
{
	struct domain *d;

	lockdep_assert_held(&pmem_lock);
	list_for_each_entry(d, &domains, list)
		if (d->owner == owner)
			return true;
	return false;
}

/* Make the ranges of a mapping domains, if they are pmem and not domains yet. */
static int pmem_add_pgmap(struct dev_pagemap *pgmap)
{
	const struct vmem_altmap *altmap = pgmap_altmap(pgmap);
	size_t metadata = 0;
	int ret, i;

	lockdep_assert_held(&pmem_lock);
	if (pgmap->type != MEMORY_DEVICE_FS_DAX &&
	    pgmap->type != MEMORY_DEVICE_GENERIC)
		return 0;
	if (pmem_has_owner(pgmap))
		return 0;
	/* The driver's reserve, and struct pages, come before the data. */
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
 * The same for a mapping without struct page, as far as it is contiguous. The kernel
 * leaves an unmapped page after each mapping.
 */
static int pmem_add_memremap(void *addr)
{
	unsigned long start = (unsigned long)addr & PAGE_MASK;
	unsigned long end = start, next, frame, first;
	const struct domain_range *r;
	bool known;

	lockdep_assert_held(&pmem_lock);
	if (!is_vmalloc_addr(addr) || pmem_has_owner(addr))
		return 0;
	/* It may be an alias of a namespace that is mapped already. */
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
		/* Where the kernel has no large leaves, there are very many. */
		cond_resched();
	}
	if (end == start || !pmem_is_namespace(PFN_PHYS(first)))
		return 0;
	return pmem_add_range(addr, (void *)start, PFN_PHYS(first), end - start,
			      end - start);
}

/* @owner: NULL for all domains */
static int pmem_protect(const void *owner)
{
	struct domain *d;
	int ret;

	lockdep_assert_held(&pmem_lock);
	list_for_each_entry(d, &domains, list) {
		if (owner && d->owner != owner)
			continue;
		ret = domain_protect(d, true);
		if (ret)
			return ret;
	}
	return 0;
}

/* Protected or not, they are as they are to be. @owner: NULL for all domains */
static void pmem_tell(const void *owner)
{
	struct domain *d;

	lockdep_assert_held(&pmem_lock);
	list_for_each_entry(d, &domains, list)
		if (!owner || d->owner == owner)
			sysfs_tell_domain(d);
}

/* In the order of names.h. */
enum { MEMREMAP_PAGES, MEMREMAP, MEMUNMAP_PAGES, MEMUNMAP };

static struct hook pmem_functions[] = { NAMES_PMEM(HOOK_ROW) };
static_assert(ARRAY_SIZE(pmem_functions) == MEMUNMAP + 1);

static struct hook_set pmem_hooks =
	HOOK_SET(pmem_functions, &pmem_trampoline, HOOK_MAPPINGS);

/* pmem_enter() returns one of these, or the address of a pgmap. */
enum { TOKEN_MEMREMAP = 1, TOKEN_UNMAP };

/**
 * pmem_enter() - the trampoline's call before a hooked function
 * @args: the function's arguments: memremap_pages(pgmap, nid), devm_memremap(dev,
 *	offset, size, flags), memunmap_pages(pgmap), or devm_memremap_release(dev,
 *	&addr)
 * @ip: the address in the function that the trampoline was called from
 *
 * After an unmap there is nothing to do. It gets a token all the same: then
 * hook_settle() does not wait for threads that entered it after it was hooked.
 *
 * Context: process context, sleeps.
 * Return: a token for pmem_exit_map(); 0 if no hook has @ip.
 */
unsigned long pmem_enter(const unsigned long *args, unsigned long ip)
{
	const struct hook *hook = hook_from(&pmem_hooks, ip);
	const void *owner = (const void *)args[0];

	if (!hook)
		return 0;
	/* One may call another: memremap_pages() calls memunmap_pages() if it fails. */
	mutex_lock(&scan_lock);
	under_way++;
	mutex_unlock(&scan_lock);
	switch (hook - pmem_functions) {
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

/* @token, @ret: as for pmem_exit_map() */
static void pmem_mapped(unsigned long token, unsigned long ret)
{
	const void *owner = (const void *)token;
	int err;

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
	/* While the module is loading, pmem_init() tells of all. */
	if (!err && domain_settled)
		pmem_tell(owner);
	mutex_unlock(&pmem_lock);
}

/**
 * pmem_exit_map() - the trampoline's call after a hooked function
 * @token: what pmem_enter() returned
 * @ret: what the function returned: a mapping, or an error
 *
 * The mapping is protected before the function's caller gets it.
 *
 * Context: process context, sleeps.
 */
void pmem_exit_map(unsigned long token, unsigned long ret)
{
	if (token != TOKEN_UNMAP && !IS_ERR_VALUE(ret))
		pmem_mapped(token, ret);
	mutex_lock(&scan_lock);
	if (!--under_way)
		wake_up(&idle);
	mutex_unlock(&scan_lock);
}

/*
 * Find the mappings with struct page in a resource. A mapping begins and ends at the
 * edge of a subsection of the kernel's memory map.
 */
static int __init pmem_scan_resource(struct resource *res, void *arg)
{
	unsigned long pfn = PHYS_PFN(res->start);
	unsigned long end = PHYS_PFN(res->end + 1);

	if (!pmem_is_namespace(res->start))
		return 0;
	while (pfn < end) {
		struct dev_pagemap *pgmap = compat_get_dev_pagemap(pfn);
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

/* Called with devres' lock held. */
static void __init pmem_note_memremap(struct device *dev, void *res, void *arg)
{
	struct memremaps *found = arg;

	if (found->nr < ARRAY_SIZE(found->addr))
		found->addr[found->nr] = *(void **)res;
	found->nr++;
}

/*
 * A mapping in the device's list stays: the hook of its unmap waits for pmem_lock.
 */
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
 * Find the mappings without struct page. Only the devices' own lists have them. All
 * these devices are on libnvdimm's bus, which is not exported.
 */
static int __init pmem_scan_bus(void)
{
	int ret = -ENOENT;

	/* The reference keeps libnvdimm loaded; the function itself is not used. */
	if (!symbol_get(to_nd_region))
		return 0;
	/* libnvdimm may have been loaded since symbols_init(). */
	symbols.nvdimm_bus_type = (void *)symbols_find("nvdimm_bus_type");
	if (symbols.nvdimm_bus_type)
		ret = bus_for_each_dev(symbols.nvdimm_bus_type, NULL,
				       (void *)pmem_functions[MEMUNMAP].addr,
				       pmem_scan_device);
	else
		pr_err("this kernel has no nvdimm_bus_type\n");
	symbol_put(to_nd_region);
	return ret;
}

static int __init pmem_scan(void)
{
	int ret = pmem_scan_bus();

	lockdep_assert_held(&pmem_lock);
	if (ret)
		return ret;
	ret = walk_iomem_res_desc(IORES_DESC_NONE,
				  IORESOURCE_MEM | IORESOURCE_BUSY, 0, -1, NULL,
				  pmem_scan_resource);
	/* -EINVAL: there was none to walk. */
	return ret == -EINVAL ? 0 : ret;
}

/*
 * Take scan_lock when no mapping is being made or ended: none is then until it is
 * released. Return: 0; or -EINTR, without the lock, if a signal came.
 */
static int __init pmem_lock_scan(void)
{
	bool told = false;

	mutex_lock(&scan_lock);
	while (under_way) {
		mutex_unlock(&scan_lock);
		if (!told)
			pr_info("waiting for a mapping of pmem that is being made or ended\n");
		told = true;
		if (wait_event_interruptible(idle, !READ_ONCE(under_way)))
			return -EINTR;
		mutex_lock(&scan_lock);
	}
	return 0;
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
 * The order matters. When the hooks are placed, and no thread is inside
 * memremap_pages() or the like without a trampoline frame below it, the scan and the
 * hooks together miss no mapping. The scan sees none that is half made: those under
 * way have ended, or begin when it is over. When the domains are in the table, each
 * new writer gets a grant. When no thread is inside a writer without one, turning
 * protection on harms no writer, now or later.
 *
 * Context: process context, sleeps until the last of those threads has left.
 * Return: 0; an error of hook_place(), domain_add() or domain_protect(); -EINTR if a
 * signal came during a wait.
 */
int __init pmem_init(bool protect)
{
	int ret = alias_init();

	if (ret)
		return ret;
	ret = hook_place(&pmem_hooks);
	if (ret)
		goto exit;
	ret = hook_settle(HOOK_MAPPINGS | HOOK_ALIASES, true);
	if (ret)
		goto exit;

	ret = pmem_lock_scan();
	if (ret)
		goto exit;
	mutex_lock(&pmem_lock);
	ret = pmem_scan();
	alias_settled();
	mutex_unlock(&pmem_lock);
	mutex_unlock(&scan_lock);
	if (ret)
		goto exit;
	/* Mappings may come and go meanwhile. */
	ret = hook_settle(HOOK_WRITERS, true);
	if (ret)
		goto exit;

	mutex_lock(&pmem_lock);
	WRITE_ONCE(domain_settled, true);
	protect_all = protect;
	if (protect)
		ret = pmem_protect(NULL);
	if (!ret)
		pmem_tell(NULL);
	mutex_unlock(&pmem_lock);
	if (ret)
		goto exit;
	return 0;
exit:
	pmem_exit();
	return ret;
}

/**
 * pmem_exit() - end all pmem domains
 *
 * On return no leaf carries a key, and none will. A thread may still be inside one
 * of the functions that were hooked, and will return to pmem_exit_map():
 * hook_drain() waits for it.
 *
 * Context: process context, sleeps.
 */
void pmem_exit(void)
{
	/* While the hooks are in place, so that no mapping goes meanwhile. */
	mutex_lock(&pmem_lock);
	closing = true;
	pmem_remove_owner(NULL);
	mutex_unlock(&pmem_lock);

	hook_remove(&pmem_hooks);
	alias_exit();
}
