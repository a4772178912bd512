// SPDX-License-Identifier: GPL-2.0
/*
 * pmem_pks_alias: a second mapping of pmem, one at a time.
 *
 * /sys/kernel/debug/pmem_pks_alias/map: "<how> <physical address> <pages>" makes
 * one; an empty line ends it. place: where it is. fill: a number; the first page
 * is filled with that byte, by a writer that pmem_pks knows. It uses nothing of
 * pmem_pks.
 */
#include <linux/debugfs.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

static void *place;
static void (*end)(void *addr);
static u64 shown;

static void end_memremap(void *addr)
{
	memunmap(addr);
}

static void end_ioremap(void *addr)
{
	iounmap((void __iomem *)addr);
}

static void end_vmap(void *addr)
{
	vunmap(addr);
}

static void end_put_pages(void *addr)
{
	vfree(addr);
}

static void *map_memremap(u64 from, unsigned int nr)
{
	return memremap(from, nr * PAGE_SIZE, MEMREMAP_WB);
}

static void *map_ioremap(u64 from, unsigned int nr)
{
	return (void __force *)ioremap_cache(from, nr * PAGE_SIZE);
}

static void *map_pages(u64 from, unsigned int nr, bool reversed,
		       unsigned long flags)
{
	struct page **pages = kvmalloc_array(nr, sizeof(*pages), GFP_KERNEL);
	unsigned int i;
	void *addr;

	if (!pages)
		return NULL;
	for (i = 0; i < nr; i++) {
		pages[i] = pfn_to_page(PHYS_PFN(from) +
				       (reversed ? nr - 1 - i : i));
		if (flags & VM_MAP_PUT_PAGES)
			get_page(pages[i]);
	}
	addr = vmap(pages, nr, VM_MAP | flags, PAGE_KERNEL);
	if (!(flags & VM_MAP_PUT_PAGES))
		kvfree(pages);
	return addr;
}

static void *map_vmap(u64 from, unsigned int nr)
{
	return map_pages(from, nr, false, 0);
}

static void *map_reversed(u64 from, unsigned int nr)
{
	return map_pages(from, nr, true, 0);
}

static void *map_put_pages(u64 from, unsigned int nr)
{
	return map_pages(from, nr, false, VM_MAP_PUT_PAGES);
}

static const struct way {
	const char *name;
	void *(*map)(u64 from, unsigned int nr);
	void (*end)(void *addr);
} ways[] = {
	{ "memremap", map_memremap, end_memremap },
	{ "ioremap", map_ioremap, end_ioremap },
	{ "vmap", map_vmap, end_vmap },
	{ "reversed", map_reversed, end_vmap },
	{ "put_pages", map_put_pages, end_put_pages },
};

static void end_it(void)
{
	if (place)
		end(place);
	place = NULL;
	shown = 0;
}

static ssize_t map_write(struct file *file, const char __user *from, size_t len,
			 loff_t *pos)
{
	char text[64], name[16];
	unsigned int nr, i;
	u64 physical;

	if (len >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, from, len))
		return -EFAULT;
	text[len] = '\0';
	end_it();
	if (*text == '\n')
		return len;
	if (sscanf(text, "%15s %lli %u", name, &physical, &nr) != 3)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		if (strcmp(ways[i].name, name))
			continue;
		place = ways[i].map(physical, nr);
		end = ways[i].end;
		shown = (unsigned long)place;
		return place ? len : -ENOMEM;
	}
	return -EINVAL;
}

static const struct file_operations map_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = map_write,
};

static int fill(void *data, u64 byte)
{
	void *page = kmalloc(PAGE_SIZE, GFP_KERNEL);

	if (!page || !place) {
		kfree(page);
		return -EINVAL;
	}
	memset(page, byte, PAGE_SIZE);
	memcpy_flushcache(place, page, PAGE_SIZE);
	kfree(page);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(fill_fops, NULL, fill, "%llu\n");

static struct dentry *folder;

static int __init alias_init(void)
{
	folder = debugfs_create_dir("pmem_pks_alias", NULL);
	debugfs_create_file("map", 0200, folder, NULL, &map_fops);
	debugfs_create_file("fill", 0200, folder, NULL, &fill_fops);
	debugfs_create_x64("place", 0400, folder, &shown);
	return 0;
}

static void __exit alias_exit(void)
{
	debugfs_remove_recursive(folder);
	end_it();
}

module_init(alias_init);
module_exit(alias_exit);

MODULE_DESCRIPTION("Second mappings of pmem, for tests");
MODULE_LICENSE("GPL");
