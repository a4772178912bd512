// SPDX-License-Identifier: GPL-2.0
/*
 * pmem mappings: each one that the kernel has, and each one that comes, becomes
 * a domain, and stops being one before it goes.
 *
 * The drivers (nd_pmem for fsdax, device_dax for devdax) map a namespace into
 * the kernel's direct map by memremap_pages() and unmap it by memunmap_pages();
 * both are hooked. A domain has the name of the innermost I/O memory resource
 * that holds the range's last byte, which the driver requested by the name that
 * `ndctl list` and `daxctl list` show (the first bytes may be its metadata and
 * have another owner). Memory that daxctl gives to the kernel as RAM has no
 * dev_pagemap and never gets here.
 *
 * pmem_lock orders the changes. All here is process context.
 */
#include <linux/atomic.h>
#include <linux/ioport.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait_bit.h>

#include "internal.h"

static LIST_HEAD(domains);
static DEFINE_MUTEX(pmem_lock);
static bool protect_all;
static bool closing;		/* no new domains */
/* Threads in the hooks' functions below, which may sleep. */
static atomic_t busy;
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

/* pmem_lock held. @end: the last byte of the range. */
static void pmem_name(char *name, resource_size_t start, resource_size_t end)
{
	const struct resource *res = iomem_resource.child;

	*name = '\0';
	read_lock(resource_lock);
	while (res) {
		if (end < res->start || end > res->end) {
			res = res->sibling;
			continue;
		}
		if (res->flags & IORESOURCE_BUSY)
			strscpy(name, res->name, DOMAIN_NAME_LEN);
		res = res->child;
	}
	read_unlock(resource_lock);
	if (!*name || pmem_has_name(name))
		snprintf(name, DOMAIN_NAME_LEN, "pmem@%llx", (u64)start);
}

static bool pmem_is_pmem(const struct dev_pagemap *pgmap,
			 const struct range *range)
{
	if (pgmap->type != MEMORY_DEVICE_FS_DAX &&
	    pgmap->type != MEMORY_DEVICE_GENERIC)
		return false;
	return region_intersects(range->start, range_len(range), IORESOURCE_MEM,
				 IORES_DESC_PERSISTENT_MEMORY) ==
			REGION_INTERSECTS ||
	       region_intersects(range->start, range_len(range), IORESOURCE_MEM,
				 IORES_DESC_PERSISTENT_MEMORY_LEGACY) ==
			REGION_INTERSECTS;
}

/* pmem_lock held. */
static int pmem_add_range(struct dev_pagemap *pgmap, const struct range *range)
{
	struct domain *d = kzalloc(sizeof(*d), GFP_KERNEL);
	int ret;

	if (!d)
		return -ENOMEM;
	d->start = (unsigned long)__va(range->start);
	d->end = d->start + range_len(range);
	d->pgmap = pgmap;
	pmem_name(d->name, range->start, range->end);
	ret = domain_add(d);
	if (ret) {
		kfree(d);
		return ret;
	}
	ret = sysfs_add_domain(d);
	if (ret) {
		domain_del(d);
		kobject_put(&d->kobj);
		return ret;
	}
	list_add_tail(&d->list, &domains);
	return 0;
}

/* pmem_lock held. */
static void pmem_remove(struct domain *d)
{
	list_del(&d->list);
	sysfs_del_domain(d);
	domain_del(d);
	report_forget();
	kobject_put(&d->kobj);
}

/* pmem_lock held. @pgmap: NULL for all. */
static void pmem_remove_pgmap(const struct dev_pagemap *pgmap)
{
	struct domain *d, *next;

	list_for_each_entry_safe(d, next, &domains, list)
		if (!pgmap || d->pgmap == pgmap)
			pmem_remove(d);
}

/* pmem_lock held. Adds what is pmem of a mapping and not a domain yet. */
static int pmem_add_pgmap(struct dev_pagemap *pgmap)
{
	struct domain *d;
	int ret, i;

	list_for_each_entry(d, &domains, list)
		if (d->pgmap == pgmap)
			return 0;
	for (i = 0; i < pgmap->nr_range; i++) {
		if (!pmem_is_pmem(pgmap, &pgmap->ranges[i]))
			continue;
		ret = pmem_add_range(pgmap, &pgmap->ranges[i]);
		if (ret) {
			pr_err("cannot protect pmem at 0x%llx (%d)\n",
			       pgmap->ranges[i].start, ret);
			pmem_remove_pgmap(pgmap);
			return ret;
		}
	}
	return 0;
}

/* pmem_lock held. @pgmap: NULL for all. */
static int pmem_protect(struct dev_pagemap *pgmap)
{
	struct domain *d;
	int ret;

	list_for_each_entry(d, &domains, list) {
		if (pgmap && d->pgmap != pgmap)
			continue;
		ret = domain_protect(d, true);
		if (ret)
			return ret;
	}
	return 0;
}

static void pmem_done(void)
{
	if (atomic_dec_and_test(&busy))
		wake_up_var(&busy);
}

static struct hook pmem_functions[] = {
	{ .name = "memremap_pages" },
	{ .name = "memunmap_pages" },
};

static struct hook_set pmem_hooks = {
	.hooks = pmem_functions,
	.nr = ARRAY_SIZE(pmem_functions),
	.trampoline = (unsigned long)hook_pmem_trampoline,
	.settle = true,
};

/*
 * Before memremap_pages(pgmap, nid) and memunmap_pages(pgmap), whose part is
 * done with that.
 */
unsigned long pmem_enter(const unsigned long *args, unsigned long ip)
{
	struct dev_pagemap *pgmap = (struct dev_pagemap *)args[0];

	atomic_inc(&busy);
	if (hook_from(&pmem_hooks, ip) == &pmem_functions[0])
		return args[0];

	mutex_lock(&pmem_lock);
	pmem_remove_pgmap(pgmap);
	mutex_unlock(&pmem_lock);
	pmem_done();
	return 0;
}

/* Behind memremap_pages(): its caller gets the mapping when it is protected. */
void pmem_exit_map(unsigned long token, unsigned long ret)
{
	struct dev_pagemap *pgmap = (struct dev_pagemap *)token;

	if (!IS_ERR_VALUE(ret)) {
		mutex_lock(&pmem_lock);
		if (!closing && !pmem_add_pgmap(pgmap) && protect_all)
			pmem_protect(pgmap);
		mutex_unlock(&pmem_lock);
	}
	pmem_done();
}

/* A mapping starts and ends on a subsection of the kernel's memory map. */
static int __init pmem_scan_resource(struct resource *res, void *arg)
{
	unsigned long pfn = PHYS_PFN(res->start);
	unsigned long end = PHYS_PFN(res->end + 1);

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

/* pmem_lock held. */
static int __init pmem_scan(void)
{
	int ret;

	ret = walk_iomem_res_desc(IORES_DESC_PERSISTENT_MEMORY, IORESOURCE_MEM,
				  0, -1, NULL, pmem_scan_resource);
	/* -EINVAL: there was none to walk. */
	if (ret && ret != -EINVAL)
		return ret;
	ret = walk_iomem_res_desc(IORES_DESC_PERSISTENT_MEMORY_LEGACY,
				  IORESOURCE_MEM, 0, -1, NULL,
				  pmem_scan_resource);
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
 * miss no mapping. With the domains in the table and nobody left in a writer
 * without a grant, turning protection on catches no writer.
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
	ret = hook_place(&pmem_hooks);
	if (ret)
		return ret;
	ret = hook_settle();
	if (ret)
		goto exit;

	mutex_lock(&pmem_lock);
	ret = pmem_scan();
	if (!ret && protect)
		ret = hook_settle();
	if (!ret && protect)
		ret = pmem_protect(NULL);
	protect_all = protect;
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
 * On return no leaf carries a key and no hook of ours runs. A thread may still
 * be behind the last instruction of a hook that can sleep, in its trampoline;
 * the synchronize_rcu_tasks() of writers_exit() waits for it.
 */
void pmem_exit(void)
{
	/* With the hooks in place, so that no mapping goes meanwhile. */
	mutex_lock(&pmem_lock);
	closing = true;
	pmem_remove_pgmap(NULL);
	mutex_unlock(&pmem_lock);

	hook_remove(&pmem_hooks);
	synchronize_rcu_tasks();
	wait_var_event(&busy, !atomic_read(&busy));
}
