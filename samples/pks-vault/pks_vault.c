// SPDX-License-Identifier: GPL-2.0
/*
 * pks_vault: a module that owns a key, and keeps a secret in a page of its own. No
 * other code in the kernel can read or write that page.
 *
 * The first write() to /dev/pks_vault is the secret. Each later one is a guess,
 * which fails with EKEYREJECTED if it is wrong. The secret is copied from the user's
 * memory straight into the page, so the kernel has no other copy.
 *
 * /sys/class/misc/pks_vault/
 *   strays  number of accesses to the page that the key denied
 *   place   physical address of the page, for those who want to try
 *
 * All functions run in process context. vault_lock orders the writes.
 */
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include <linux/pks.h>
#include <linux/pmem_pks.h>

/* A whole page: a page carries a key, an object does not. */
struct vault {
	size_t size;	/* bytes of the secret; 0: none yet */
	char secret[PAGE_SIZE - sizeof(size_t)];
};

static struct vault *vault;
static struct pmem_pks_domain *domain;
static int key;
static DEFINE_MUTEX(vault_lock);

static bool use_vmalloc;
module_param_named(vmalloc, use_vmalloc, bool, 0444);
MODULE_PARM_DESC(vmalloc, "keep it in vmalloc space, not in the direct map");

/*
 * While the grant lasts, only this thread may use the page, even if it sleeps until
 * the user's memory is paged in. A grant of an allocated key does not fail.
 */
static ssize_t vault_store(const char __user *from, size_t len)
{
	bool arrived;

	pks_grant(key);
	arrived = !copy_from_user(vault->secret, from, len);
	if (arrived)
		vault->size = len;
	pks_revoke(key);
	return arrived ? len : -EFAULT;
}

static ssize_t vault_check(const char __user *from, size_t len)
{
	char *guess = memdup_user(from, len);
	bool right;

	if (IS_ERR(guess))
		return PTR_ERR(guess);
	pks_grant(key);
	right = len == vault->size && !memcmp(vault->secret, guess, len);
	pks_revoke(key);
	kfree_sensitive(guess);
	return right ? len : -EKEYREJECTED;
}

static ssize_t vault_write(struct file *file, const char __user *from,
			   size_t len, loff_t *pos)
{
	ssize_t ret;
	bool empty;

	if (!len || len > sizeof(vault->secret))
		return -EINVAL;
	mutex_lock(&vault_lock);
	pks_grant(key);
	empty = !vault->size;
	pks_revoke(key);
	ret = empty ? vault_store(from, len) : vault_check(from, len);
	mutex_unlock(&vault_lock);
	return ret;
}

static const struct file_operations vault_fops = {
	.owner = THIS_MODULE,
	.write = vault_write,
};

static ssize_t strays_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%llu\n", pmem_pks_domain_strays(domain));
}
static DEVICE_ATTR_RO(strays);

static ssize_t place_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	phys_addr_t place = use_vmalloc ?
		page_to_phys(vmalloc_to_page(vault)) : virt_to_phys(vault);

	return sysfs_emit(buf, "%pa\n", &place);
}
static DEVICE_ATTR_ADMIN_RO(place);

static struct attribute *vault_attrs[] = {
	&dev_attr_strays.attr,
	&dev_attr_place.attr,
	NULL
};
ATTRIBUTE_GROUPS(vault);

static struct miscdevice vault_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "pks_vault",
	.fops = &vault_fops,
	.groups = vault_groups,
	.mode = 0600,
};

static struct vault *vault_alloc(void)
{
	return use_vmalloc ? vzalloc(PAGE_SIZE) :
		(void *)get_zeroed_page(GFP_KERNEL);
}

static void vault_free(void)
{
	if (use_vmalloc)
		vfree(vault);
	else
		free_page((unsigned long)vault);
}

static int __init vault_init(void)
{
	int ret;

	key = pks_key_alloc(PKS_DENY_ACCESS);
	if (key < 0)
		return key;
	ret = -ENOMEM;
	vault = vault_alloc();
	if (!vault)
		goto free_key;
	domain = pmem_pks_domain_add("vault", key, vault, PAGE_SIZE);
	ret = PTR_ERR_OR_ZERO(domain);
	if (ret)
		goto free_vault;
	ret = misc_register(&vault_device);
	if (ret)
		goto del_domain;
	return 0;

del_domain:
	pmem_pks_domain_del(domain);
free_vault:
	vault_free();
free_key:
	pks_key_free(key);
	return ret;
}

/* Erase the secret before the page is freed. */
static void __exit vault_exit(void)
{
	misc_deregister(&vault_device);
	pks_grant(key);
	memzero_explicit(vault, PAGE_SIZE);
	pks_revoke(key);
	pmem_pks_domain_del(domain);
	vault_free();
	pks_key_free(key);
}

module_init(vault_init);
module_exit(vault_exit);

MODULE_DESCRIPTION("Sample: a secret in a page under a key of its own");
MODULE_LICENSE("GPL");
