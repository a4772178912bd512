// SPDX-License-Identifier: GPL-2.0
/*
 * pmem_pks_driver: a driver for pmem that pmem_pks has never heard of. It gets its
 * addresses from dax_direct_access(), and stores as such drivers do, dm-pcache
 * among them: by instructions of its own and by the kernel's copy routines.
 *
 * Parameters: disk=<path> of a disk with DAX; early=1 stores once from the code of
 * its initialization, to the disk's first page.
 *
 * /sys/kernel/debug/pmem_pks_driver/run: "<shape> <page> <data>" calls one
 * of the functions below for a page of the disk. One of them stores the data, the
 * others store bytes of their own. It uses nothing of pmem_pks.
 */
#include <linux/blkdev.h>
#include <linux/bvec.h>
#include <linux/dax.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/irqflags.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

/* What each of them stores, in each byte. */
#define FILL	0x6b
/* The most that the user gives. */
#define DATA	32

static u8 source[PAGE_SIZE] __aligned(PAGE_SIZE);
static char *disk;
module_param(disk, charp, 0400);
static bool early;
module_param(early, bool, 0400);

static struct file *file;
static struct dax_device *dax;
static u64 dax_offset;

static noinline void driver_field(u8 *to)
{
	WRITE_ONCE(*(u64 *)to, *(u64 *)source);
}

/* Of 16 bytes: two movnti, inline. */
static noinline void driver_position(u8 *to)
{
	memcpy_flushcache(to, source, 16);
}

static noinline void driver_header(u8 *to)
{
	memcpy_flushcache(to, source, 64);
}

/* What is called behind it keeps it from being a jump. */
static noinline void driver_zero(u8 *to)
{
	/* Volatile: the compiler is to call memset(). */
	size_t length = READ_ONCE(*(size_t *)source) ? PAGE_SIZE : 0;

	memset(to, FILL, length);
	barrier_data(to);
}

static noinline int driver_data(u8 *to)
{
	struct bio_vec vec = {
		.bv_page = vmalloc_to_page(source),
		.bv_len = sizeof(source),
	};
	struct iov_iter iter;

	iov_iter_bvec(&iter, ITER_SOURCE, &vec, 1, vec.bv_len);
	return _copy_from_iter_flushcache(to, vec.bv_len, &iter) == vec.bv_len ?
	       0 : -EIO;
}

static noinline int driver_user(u8 *to, const char __user *from, size_t len)
{
	struct iov_iter iter;

	iov_iter_ubuf(&iter, ITER_SOURCE, (void __user *)from, len);
	return _copy_from_iter_flushcache(to, len, &iter) == len ? 0 : -EFAULT;
}

static noinline void driver_irqs_off(u8 *to)
{
	unsigned long flags;

	local_irq_save(flags);
	WRITE_ONCE(*(u64 *)to, *(u64 *)source);
	local_irq_restore(flags);
}

static u8 *driver_page(unsigned long page)
{
	void *address;
	long ret;
	int id;

	id = dax_read_lock();
	ret = dax_direct_access(dax, PHYS_PFN(dax_offset) + page, 1, DAX_ACCESS,
				&address, NULL);
	dax_read_unlock(id);
	return ret < 1 ? NULL : address;
}

static int driver_run(const char *shape, u8 *to, const char __user *from,
		      size_t len)
{
	if (!to)
		return -ENXIO;
	if (!strcmp(shape, "field"))
		driver_field(to);
	else if (!strcmp(shape, "position"))
		driver_position(to);
	else if (!strcmp(shape, "header"))
		driver_header(to);
	else if (!strcmp(shape, "zero"))
		driver_zero(to);
	else if (!strcmp(shape, "data"))
		return driver_data(to);
	else if (!strcmp(shape, "user"))
		return driver_user(to, from, len);
	else if (!strcmp(shape, "irqs_off"))
		driver_irqs_off(to);
	else
		return -EINVAL;
	return 0;
}

static ssize_t run_write(struct file *unused, const char __user *from,
			 size_t len, loff_t *pos)
{
	char text[64], shape[32];
	unsigned long page;
	int ret, data = 0;

	if (len >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, from, len))
		return -EFAULT;
	text[len] = '\0';
	if (sscanf(text, "%31s %lu %n", shape, &page, &data) < 2)
		return -EINVAL;
	ret = driver_run(shape, driver_page(page), from + data,
			 min_t(size_t, len - data, DATA));
	return ret ? ret : len;
}

static const struct file_operations run_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = run_write,
};

static struct dentry *folder;

static noinline void __init driver_early(u8 *to)
{
	WRITE_ONCE(*(u64 *)to, *(u64 *)source);
}

static int __init driver_load(void)
{
	memset(source, FILL, sizeof(source));
	file = filp_open(disk ?: "", O_RDWR, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	dax = fs_dax_get_by_bdev(I_BDEV(file->f_mapping->host), &dax_offset,
				 NULL, NULL);
	if (!dax || (early && !driver_page(0))) {
		filp_close(file, NULL);
		return -ENXIO;
	}
	if (early)
		driver_early(driver_page(0));
	folder = debugfs_create_dir("pmem_pks_driver", NULL);
	debugfs_create_file("run", 0200, folder, NULL, &run_fops);
	return 0;
}

static void __exit driver_unload(void)
{
	debugfs_remove_recursive(folder);
	fs_put_dax(dax, NULL);
	filp_close(file, NULL);
}

module_init(driver_load);
module_exit(driver_unload);

MODULE_DESCRIPTION("A driver for pmem that pmem_pks does not know, for tests");
MODULE_LICENSE("GPL");
