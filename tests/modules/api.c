// SPDX-License-Identifier: GPL-2.0
/*
 * pmem_pks_api: uses linux/pks.h and linux/pmem_pks.h wrongly, in every way that
 * they promise to refuse, and rightly afterwards.
 *
 * /sys/kernel/debug/pmem_pks_api/run: reading it gives a line "ok - ..." or
 * "not ok - ..." for each promise. In the mode relaxed.
 */
#include <linux/completion.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pks.h>
#include <linux/pmem_pks.h>
#include <linux/seq_file.h>
#include <linux/vmalloc.h>

#define PAGE_ORDER	2	/* of the pages that are protected */

static unsigned long pages;

static void promise(struct seq_file *m, bool holds, const char *what)
{
	seq_printf(m, "%sok - %s\n", holds ? "" : "not ", what);
}

static int set_key(unsigned int first, unsigned int end, int key)
{
	return pks_set_key(pages + first * PAGE_SIZE, pages + end * PAGE_SIZE,
			   key);
}

static struct pmem_pks_domain *add(int key, unsigned int first,
				   unsigned int end)
{
	return pmem_pks_domain_add("api", key,
				   (void *)(pages + first * PAGE_SIZE),
				   (end - first) * PAGE_SIZE);
}

/* A key that is not allocated is refused, whatever it is asked for. */
static bool refused(int key)
{
	return pks_grant(key) == -EINVAL && pks_revoke(key) == -EINVAL &&
	       pks_key_free(key) == -EINVAL &&
	       (!key || set_key(0, 1, key) == -EINVAL) &&
	       add(key, 0, 1) == ERR_PTR(-EINVAL);
}

static void numbers(struct seq_file *m)
{
	int key = pks_key_alloc(PKS_DENY_WRITE), all[PKS_NR_KEYS], nr = 0;

	promise(m, key > 0 && key < PKS_NR_KEYS, "a key is from 1 to 15");
	promise(m, !pks_key_free(key), "a key that is not in use can be freed");
	promise(m, refused(key), "a key that was freed is refused");
	promise(m, refused(0) && refused(-1) && refused(PKS_NR_KEYS) &&
		refused(INT_MIN) && refused(INT_MAX),
		"so is what is no key at all");

	while (nr < PKS_NR_KEYS && (all[nr] = pks_key_alloc(nr % 2)) > 0)
		nr++;
	promise(m, nr && nr < PKS_NR_KEYS && all[nr] == -ENOSPC,
		"when all keys are taken, there is none");
	while (nr)
		if (pks_key_free(all[--nr]))
			promise(m, false, "each of them can be freed");
}

static void ranges(struct seq_file *m, int key)
{
	struct pmem_pks_domain *domain;

	promise(m, pks_set_key(pages + 8, pages + PAGE_SIZE, key) == -EINVAL &&
		pks_set_key(pages, pages + 8, key) == -EINVAL &&
		set_key(1, 1, key) == -EINVAL && set_key(1, 0, key) == -EINVAL,
		"a range of parts of pages, or of none, is refused");
	promise(m, pks_set_key(0, PAGE_SIZE, key) == -ENXIO,
		"so is one where nothing is mapped");

	promise(m, !set_key(0, 1, key) && pks_key_free(key) == -EBUSY,
		"a key on a page can't be freed");
	promise(m, !set_key(0, 1, 0), "the key can be taken away");

	domain = add(key, 1, 3);
	promise(m, !IS_ERR(domain), "a range becomes a domain");
	promise(m, add(key, 0, 2) == ERR_PTR(-EEXIST) &&
		add(key, 2, 4) == ERR_PTR(-EEXIST) &&
		add(key, 1, 3) == ERR_PTR(-EEXIST),
		"not so what overlaps another domain");
	promise(m, pks_key_free(key) == -EBUSY, "a domain's key can't be freed");
	pmem_pks_domain_del(domain);
	promise(m, IS_ERR(pmem_pks_domain_add("api", key, (void *)(pages + 8),
					      PAGE_SIZE)),
		"nor does a range of parts of pages");
	domain = add(key, 0, 4);
	promise(m, !IS_ERR(domain), "a range can be a domain again");
	pmem_pks_domain_del(domain);
}

struct holder {
	int key;
	struct completion granted;
};

static int hold(void *arg)
{
	struct holder *holder = arg;
	int ret = pks_grant(holder->key);

	complete(&holder->granted);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return ret ?: pks_revoke(holder->key);
}

static void grants(struct seq_file *m, int key)
{
	struct holder holder = { .key = key };
	struct task_struct *task;

	promise(m, pks_revoke(key) == -EINVAL,
		"what was not granted can't be revoked");
	promise(m, !pks_grant(key) && !pks_grant(key) && !pks_revoke(key) &&
		pks_key_free(key) == -EBUSY,
		"a key that is granted still, of two times, can't be freed");
	promise(m, !pks_revoke(key) && pks_revoke(key) == -EINVAL,
		"it is revoked as often as it was granted");

	init_completion(&holder.granted);
	task = kthread_run(hold, &holder, "pmem_pks_api");
	if (IS_ERR(task)) {
		promise(m, false, "there is a thread");
		return;
	}
	wait_for_completion(&holder.granted);
	promise(m, pks_key_free(key) == -EBUSY,
		"a key that a sleeping thread is granted can't be freed");
	promise(m, pks_revoke(key) == -EINVAL,
		"a thread can't revoke another one's grant");
	promise(m, !kthread_stop(task), "which that one does");
}

/* One access to each of the two places where the page is mapped. */
static void vmalloc_is_shut_twice(struct seq_file *m, int key)
{
	u64 *words = vzalloc(PAGE_SIZE), *alias;
	struct pmem_pks_domain *domain;

	if (!words) {
		promise(m, false, "there is memory");
		return;
	}
	alias = page_address(vmalloc_to_page(words));
	domain = pmem_pks_domain_add("api", key, words, PAGE_SIZE);
	promise(m, !IS_ERR(domain), "a page of vmalloc space is a domain");
	if (IS_ERR(domain))
		goto free_words;
	READ_ONCE(*words);
	promise(m, pmem_pks_domain_strays(domain) == 1,
		"a read of it is a stray one");
	READ_ONCE(*alias);
	promise(m, pmem_pks_domain_strays(domain) == 2,
		"so is one of the same page in the direct map");
	WRITE_ONCE(*words, 1);
	promise(m, pmem_pks_domain_strays(domain) == 3, "and a write to it");
	WRITE_ONCE(*alias, 2);
	promise(m, pmem_pks_domain_strays(domain) == 4,
		"and one in the direct map");

	pks_grant(key);
	WRITE_ONCE(*alias, READ_ONCE(*words) + 1);
	promise(m, READ_ONCE(*words) == 3 &&
		pmem_pks_domain_strays(domain) == 4,
		"with a grant there is nothing to tell");
	pks_revoke(key);
	pmem_pks_domain_del(domain);
free_words:
	vfree(words);
}

/*
 * Two ranges under one key, and a write to the second page of one of them in the
 * direct map, whose leaf tells the key alone.
 */
static void shared_key_tells_ranges_apart(struct seq_file *m, int key,
					  unsigned int which)
{
	struct pmem_pks_domain *domain[2];
	u64 *words[2], *alias;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		words[i] = vzalloc(2 * PAGE_SIZE);
		domain[i] = words[i] ?
			pmem_pks_domain_add("api", key, words[i],
					    2 * PAGE_SIZE) : ERR_PTR(-ENOMEM);
	}
	promise(m, !IS_ERR(domain[0]) && !IS_ERR(domain[1]),
		"two ranges may share a key");
	if (!IS_ERR(domain[0]) && !IS_ERR(domain[1])) {
		alias = page_address(vmalloc_to_page(words[which] + PAGE_SIZE /
						     sizeof(u64)));
		WRITE_ONCE(*alias, 1);
		promise(m, pmem_pks_domain_strays(domain[which]) == 1 &&
			!pmem_pks_domain_strays(domain[!which]),
			"a stray write is counted for the one that it hits");
	}
	for (i = 0; i < 2; i++) {
		if (!IS_ERR(domain[i]))
			pmem_pks_domain_del(domain[i]);
		vfree(words[i]);
	}
}

static int run_show(struct seq_file *m, void *unused)
{
	int key;

	pages = __get_free_pages(GFP_KERNEL, PAGE_ORDER);
	if (!pages)
		return -ENOMEM;
	numbers(m);
	key = pks_key_alloc(PKS_DENY_ACCESS);
	ranges(m, key);
	grants(m, key);
	vmalloc_is_shut_twice(m, key);
	shared_key_tells_ranges_apart(m, key, 0);
	shared_key_tells_ranges_apart(m, key, 1);
	promise(m, !pks_key_free(key), "after all that the key can be freed");
	/* Had it a key still, this would be seen. */
	memset((void *)pages, 0, PAGE_SIZE << PAGE_ORDER);
	free_pages(pages, PAGE_ORDER);
	return 0;
}

/* A second reading's buffer would have it all done twice. */
static int run_open(struct inode *inode, struct file *file)
{
	return single_open_size(file, run_show, NULL, 1 << 14);
}

static const struct file_operations run_fops = {
	.owner = THIS_MODULE,
	.open = run_open,
	.read = seq_read,
	.release = single_release,
};

static struct dentry *dir;

static int __init api_init(void)
{
	dir = debugfs_create_dir("pmem_pks_api", NULL);
	debugfs_create_file("run", 0400, dir, NULL, &run_fops);
	return 0;
}

static void __exit api_exit(void)
{
	debugfs_remove_recursive(dir);
}

module_init(api_init);
module_exit(api_exit);

MODULE_DESCRIPTION("The interface of pmem_pks, used wrongly");
MODULE_LICENSE("GPL");
