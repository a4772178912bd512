// SPDX-License-Identifier: GPL-2.0
/*
 * The user's interface: /sys/kernel/pmem_pks/.
 *
 * All users may read what monitoring needs: counters, modes and keys. Only root may
 * read what tells about addresses, other users' I/O or the kernel's code.
 *
 * Context: process context. No attribute takes pmem_lock, which is held while a
 * domain's directory is removed.
 */
#include <linux/kobject.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "internal.h"

static struct kobject *root;
static struct kset *namespaces;
static struct kernfs_node *total_file;

#define ROOT_TOTAL(name, mode, total)					\
static ssize_t name##_show(struct kobject *kobj,			\
			   struct kobj_attribute *attr, char *buf)	\
{									\
	return sysfs_emit(buf, "%llu\n", total);			\
}									\
static struct kobj_attribute name##_attr = __ATTR_RO_MODE(name, mode)

ROOT_TOTAL(stray_writes, 0444, report_total());
ROOT_TOTAL(stray_reads, 0444, report_total_reads());
ROOT_TOTAL(pinned_writes, 0444, report_total_pinned());
ROOT_TOTAL(pinned_windows, 0444, report_total_windows());
ROOT_TOTAL(grants, 0400, grant_total());
ROOT_TOTAL(fail_open, 0444, grant_fail_open_total());

static ssize_t degraded_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	return shield_show_missing(buf);
}

static struct kobj_attribute degraded_attr = __ATTR_RO_MODE(degraded, 0400);

static ssize_t fault_mode_show(struct kobject *kobj,
			       struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  fault_mode_names[READ_ONCE(fault_mode)]);
}

/* Whether the input contains no NUL byte. */
static bool is_string(const char *buf, size_t count)
{
	return !memchr(buf, '\0', count);
}

/*
 * Parse one of the first @nr modes. A "!" may follow it.
 *
 * contain, strict and panic make an unknown writer lose data. So they are refused
 * while there is one, unless a "!" follows. Return: the mode, -EINVAL or -EBUSY.
 */
static int mode_of(const char *buf, size_t nr)
{
	size_t len = strcspn(buf, "!");
	bool force = buf[len] && sysfs_streq(buf + len, "!");
	int mode, becomes, ret;
	char name[16];

	if (buf[len] && !force)
		return -EINVAL;
	if (strscpy(name, buf, min(len + 1, sizeof(name))) < 0 && !force)
		return -EINVAL;
	mode = __sysfs_match_string(fault_mode_names, nr, name);
	becomes = mode == FAULT_INHERIT ? READ_ONCE(fault_mode) : mode;
	if (becomes <= FAULT_RELAXED || force)
		return mode;
	ret = unknown_refuse(fault_mode_names[becomes]);
	return ret ? ret : mode;
}

static ssize_t fault_mode_store(struct kobject *kobj,
				struct kobj_attribute *attr, const char *buf,
				size_t count)
{
	int mode = is_string(buf, count) ? mode_of(buf, FAULT_INHERIT) : -EINVAL;

	if (mode < 0)
		return mode;
	WRITE_ONCE(fault_mode, mode);
	return count;
}

static struct kobj_attribute fault_mode_attr = __ATTR_RW(fault_mode);

static ssize_t writers_attr_show(struct kobject *kobj,
				 struct kobj_attribute *attr, char *buf)
{
	return writers_show(buf);
}

static ssize_t writers_attr_store(struct kobject *kobj,
				  struct kobj_attribute *attr, const char *buf,
				  size_t count)
{
	char *change;
	int ret;

	if (!is_string(buf, count))
		return -EINVAL;
	change = kmemdup_nul(buf, count - (buf[count - 1] == '\n'), GFP_KERNEL);
	if (!change)
		return -ENOMEM;
	ret = writers_change(change);
	kfree(change);
	return ret ? ret : count;
}

static struct kobj_attribute writers_attr =
	__ATTR(writers, 0600, writers_attr_show, writers_attr_store);

static ssize_t unknown_writers_show(struct kobject *kobj,
				    struct kobj_attribute *attr, char *buf)
{
	return unknown_show(buf);
}

static struct kobj_attribute unknown_writers_attr =
	__ATTR_RO_MODE(unknown_writers, 0400);

static struct attribute *root_attrs[] = {
	&fault_mode_attr.attr,
	&writers_attr.attr,
	&unknown_writers_attr.attr,
	&stray_writes_attr.attr,
	&stray_reads_attr.attr,
	&pinned_writes_attr.attr,
	&pinned_windows_attr.attr,
	&grants_attr.attr,
	&fail_open_attr.attr,
	&degraded_attr.attr,
	NULL
};

static const struct attribute_group root_group = { .attrs = root_attrs };

/* The directory of a namespace. */

struct domain_attr {
	struct attribute attr;
	ssize_t (*show)(struct domain *d, char *buf);
	ssize_t (*store)(struct domain *d, const char *buf, size_t count);
};

static ssize_t domain_attr_show(struct kobject *kobj, struct attribute *attr,
				char *buf)
{
	return container_of(attr, struct domain_attr, attr)->show
		(container_of(kobj, struct domain, kobj), buf);
}

static ssize_t domain_attr_store(struct kobject *kobj, struct attribute *attr,
				 const char *buf, size_t count)
{
	if (!is_string(buf, count))
		return -EINVAL;
	return container_of(attr, struct domain_attr, attr)->store
		(container_of(kobj, struct domain, kobj), buf, count);
}

static const struct sysfs_ops domain_sysfs_ops = {
	.show = domain_attr_show,
	.store = domain_attr_store,
};

static ssize_t protect_show(struct domain *d, char *buf)
{
	return sysfs_emit(buf, "%d\n",
			  READ_ONCE(d->protect) && !pks_is_open(d->key));
}

static ssize_t protect_store(struct domain *d, const char *buf, size_t count)
{
	bool on;
	int ret;

	if (!sysfs_streq(buf, "0") && !sysfs_streq(buf, "1"))
		return -EINVAL;
	on = *buf == '1';
	if (on && !READ_ONCE(domain_settled)) {
		pr_err("%s: not before the module is loaded: it waits for writers\n",
		       d->name);
		return -EBUSY;
	}
	ret = domain_protect(d, on);
	return ret ? ret : count;
}

static ssize_t domain_fault_mode_show(struct domain *d, char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  fault_mode_names[READ_ONCE(d->fault_mode)]);
}

static ssize_t domain_fault_mode_store(struct domain *d, const char *buf,
				       size_t count)
{
	int mode = mode_of(buf, -1);

	if (mode < 0)
		return mode;
	WRITE_ONCE(d->fault_mode, mode);
	return count;
}

static ssize_t key_show(struct domain *d, char *buf)
{
	return sysfs_emit(buf, "%d\n", d->key);
}

static ssize_t range_show(struct domain *d, char *buf)
{
	return sysfs_emit(buf, "0x%llx-0x%llx\n", (u64)d->phys,
			  (u64)d->phys + d->end - d->start - 1);
}

static ssize_t domain_stray_writes_show(struct domain *d, char *buf)
{
	return sysfs_emit(buf, "%lld\n", atomic64_read(&d->stray_writes));
}

static ssize_t domain_pinned_writes_show(struct domain *d, char *buf)
{
	return sysfs_emit(buf, "%lld\n", atomic64_read(&d->pinned_writes));
}

static ssize_t domain_pinned_windows_show(struct domain *d, char *buf)
{
	return sysfs_emit(buf, "%lld\n", atomic64_read(&d->pinned_windows));
}

static ssize_t aliases_show(struct domain *d, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(d->aliases));
}

static ssize_t last_stray_show(struct domain *d, char *buf)
{
	int len = report_last(d, buf, PAGE_SIZE - 1);

	return len ? len + sysfs_emit_at(buf, len, "\n") : 0;
}

static ssize_t selftest_show(struct domain *d, char *buf)
{
	return drill_show(d, buf);
}

static ssize_t selftest_store(struct domain *d, const char *buf, size_t count)
{
	int ret = sysfs_streq(buf, "1") ? drill_run(d) : -EINVAL;

	return ret ? ret : count;
}

static struct domain_attr protect_attr = __ATTR_RW(protect);
static struct domain_attr domain_fault_mode_attr =
	__ATTR(fault_mode, 0644, domain_fault_mode_show,
	       domain_fault_mode_store);
static struct domain_attr key_attr = __ATTR_RO(key);
static struct domain_attr range_attr = __ATTR_RO_MODE(range, 0400);
static struct domain_attr domain_stray_writes_attr =
	__ATTR(stray_writes, 0444, domain_stray_writes_show, NULL);
static struct domain_attr domain_pinned_writes_attr =
	__ATTR(pinned_writes, 0444, domain_pinned_writes_show, NULL);
static struct domain_attr domain_pinned_windows_attr =
	__ATTR(pinned_windows, 0444, domain_pinned_windows_show, NULL);
static struct domain_attr aliases_attr = __ATTR_RO(aliases);
static struct domain_attr last_stray_attr =
	__ATTR_RO_MODE(last_stray, 0400);
static struct domain_attr selftest_attr =
	__ATTR(selftest, 0600, selftest_show, selftest_store);

static struct attribute *domain_attrs[] = {
	&protect_attr.attr,
	&domain_fault_mode_attr.attr,
	&key_attr.attr,
	&range_attr.attr,
	&domain_stray_writes_attr.attr,
	&domain_pinned_writes_attr.attr,
	&domain_pinned_windows_attr.attr,
	&aliases_attr.attr,
	&last_stray_attr.attr,
	&selftest_attr.attr,
	NULL
};
ATTRIBUTE_GROUPS(domain);

static void domain_release(struct kobject *kobj)
{
	kfree(container_of(kobj, struct domain, kobj));
}

static const struct kobj_type domain_ktype = {
	.release = domain_release,
	.sysfs_ops = &domain_sysfs_ops,
	.default_groups = domain_groups,
};

/**
 * sysfs_add_domain() - make a domain's directory
 * @d: the domain; from now on kobject_put(&d->kobj) frees it, even after an error
 *
 * Context: process context, sleeps.
 * Return: 0 or an error.
 */
int sysfs_add_domain(struct domain *d)
{
	int ret;

	d->kobj.kset = namespaces;
	ret = kobject_init_and_add(&d->kobj, &domain_ktype, NULL, "%s",
				   d->name);
	if (ret)
		return ret;
	report_start(d, sysfs_get_dirent(d->kobj.sd, "stray_writes"));
	return 0;
}

/**
 * sysfs_tell_domain() - tell user space that there is a new domain
 * @d: a domain with a directory
 *
 * A rule of udev may set its files at once: nothing else is to set them after this.
 *
 * Context: process context, sleeps.
 */
void sysfs_tell_domain(struct domain *d)
{
	kobject_uevent(&d->kobj, KOBJ_ADD);
}

/**
 * sysfs_del_domain() - remove a domain's directory
 * @d: the domain
 *
 * On return no thread reads or writes the directory's files.
 *
 * Context: process context, sleeps.
 */
void sysfs_del_domain(struct domain *d)
{
	struct kernfs_node *file = d->strays_file;

	report_stop(d);
	sysfs_put(file);
	kobject_uevent(&d->kobj, KOBJ_REMOVE);
	kobject_del(&d->kobj);
}

/* The subsystem of a domain's uevents. By default it would be the kset's name. */
static const char *namespace_subsystem(compat_uevent_kobject *kobj)
{
	return "pmem_pks";
}

static const struct kset_uevent_ops namespace_uevents = {
	.name = namespace_subsystem,
};

/**
 * sysfs_view_init() - make the directories
 *
 * Context: process context, sleeps.
 * Return: 0 or an error.
 */
int __init sysfs_view_init(void)
{
	int ret;

	root = kobject_create_and_add("pmem_pks", kernel_kobj);
	if (!root)
		return -ENOMEM;
	ret = sysfs_create_group(root, &root_group);
	if (ret)
		goto put_root;
	ret = -ENOMEM;
	namespaces = kset_create_and_add("namespaces", &namespace_uevents, root);
	if (!namespaces)
		goto put_root;
	total_file = sysfs_get_dirent(root->sd, "stray_writes");
	report_set_total(total_file);
	return 0;

put_root:
	kobject_put(root);
	return ret;
}

/**
 * sysfs_view_exit() - remove the directories
 *
 * Context: process context, sleeps; the domains' directories are gone.
 */
void sysfs_view_exit(void)
{
	report_set_total(NULL);
	sysfs_put(total_file);
	kset_unregister(namespaces);
	kobject_put(root);
}
