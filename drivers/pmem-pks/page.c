// SPDX-License-Identifier: GPL-2.0
/*
 * What struct page says about a page of pmem: whether it is pinned, so that the
 * kernel writes it for a user, and which page of which file it is.
 *
 * A page of fsdax that is not pinned has one reference, even while programs have it
 * mapped (dax_busy_page() in fs/dax.c relies on that). Each further reference is a
 * pin. A program that may only read a file can pin its pages too, but that must not
 * cost a page its protection. A pin for writing needs a writable entry in a
 * program's page table. Before DAX makes one, by vmf_insert_mixed_mkwrite() or
 * vmf_insert_pfn_pmd(), the page is 'noted' here, in a bitmap, and DAX has tagged it
 * DIRTY in the file's tree of pages. A writeback removes the writable entries before
 * the tag. So a worker drops the note of a page that has neither a tag nor a pin: to
 * pin it for writing, a program has to take another fault. At first all pages are
 * noted.
 *
 * The tag alone is not enough: 6.1 sets it on pages that were only read, and a pin
 * may outlive it.
 *
 * In doubt a page is pinned for writing: a page that is in no file's tree any more,
 * or in those of several files (reflink), and a page of device-dax, whose driver
 * keeps no tags.
 *
 * The page fault calls page_is_pinned() in any context, with preemption off. That is
 * an RCU read side, and inodes and the nodes of their trees are freed by RCU.
 */
#include <linux/fs.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "internal.h"

/*
 * The entries of a DAX file's tree, as fs/dax.c defines them. If a kernel defines
 * them otherwise, no entry matches its page, and each pin is one for writing.
 */
#define DAX_ENTRY_SHIFT	4
#define DAX_ENTRY_PMD	BIT(1)
#define DAX_ENTRY_ZERO	BIT(2)
#define DAX_ENTRY_EMPTY	BIT(3)

/* The worker's delay after a new note, and while notes are left. */
#define NOTES_SOON	HZ
#define NOTES_LATER	(4 * HZ)
/* The worker takes at most a hundredth of a CPU. */
#define NOTES_SHARE	100

/* Domains with notes. */
static LIST_HEAD(watched);
static DEFINE_MUTEX(watched_lock);

static unsigned long pages_first(const struct domain *d)
{
	return PHYS_PFN(d->phys + d->pages - d->start);
}

static unsigned long pages_nr(const struct domain *d)
{
	return PHYS_PFN(d->end - d->pages);
}

/* Return: the page at an address; NULL if it can't be pinned. */
static struct page *page_at(const struct domain *d, unsigned long addr)
{
	if (!d->pages || addr < d->pages || addr >= d->end)
		return NULL;
	return pfn_to_page(PHYS_PFN(d->phys + addr - d->start));
}

/*
 * Find the file that has a page, and the page's index in the file. Return: NULL if
 * no file has it, or more than one. Context: RCU read side, or a reference to the
 * inode.
 */
static struct address_space *page_file(struct page *page,
				       unsigned long *index)
{
	unsigned long mapping = (unsigned long)compat_page_mapping(page);

	/* A page that files share has the number of files in place of the index. */
	if (PageCompound(page) || !mapping || mapping & PAGE_MAPPING_FLAGS)
		return NULL;
	*index = compat_page_index(page);
	return (struct address_space *)mapping;
}

/* Whether a tree entry maps a page, alone or as part of a PMD. */
static bool page_is_of(unsigned long pfn, const void *entry)
{
	unsigned long value;

	if (!xa_is_value(entry))
		return false;
	value = xa_to_value(entry);
	if (value & (DAX_ENTRY_ZERO | DAX_ENTRY_EMPTY))
		return false;
	if (value & DAX_ENTRY_PMD)
		pfn &= ~(unsigned long)(PTRS_PER_PMD - 1);
	return value >> DAX_ENTRY_SHIFT == pfn;
}

/*
 * Whether a page is noted. The worker clears a note before it is sure, and puts the
 * page's number into note_dropped first.
 */
static bool page_is_noted(const struct domain *d, const unsigned long *notes,
			  unsigned long bit)
{
	if (test_bit(bit, notes))
		return true;
	/* If the note was cleared just now, note_dropped still has the page ... */
	smp_rmb();
	if (READ_ONCE(d->note_dropped) == bit + 1)
		return true;
	/* ... or the worker is done, and the note has its final value. */
	smp_rmb();
	return test_bit(bit, notes);
}

/* Whether all of a page's pins are known to be for reading only. */
static bool page_is_read(const struct domain *d, struct page *page)
{
	unsigned long *notes = READ_ONCE(d->notes);
	struct address_space *mapping;
	unsigned long index;

	if (!notes)
		return false;
	mapping = page_file(page, &index);
	return mapping &&
	       page_is_of(page_to_pfn(page),
			  xa_load(&mapping->i_pages, index)) &&
	       !page_is_noted(d, notes, page_to_pfn(page) - pages_first(d));
}

/**
 * page_is_pinned() - check whether the kernel may be writing a page for a user
 * @d: the domain
 * @addr: an address in the domain
 *
 * Pages of a large folio, which device-dax makes, are pinned together.
 *
 * Context: any, preemption off.
 * Return: whether it may. In doubt, true.
 */
bool page_is_pinned(const struct domain *d, unsigned long addr)
{
	struct page *page = page_at(d, addr);

	return page && compat_page_refs(compound_head(page)) > COMPAT_DAX_IDLE &&
	       !page_is_read(d, page);
}

/**
 * page_in_file() - find a page's index in its file
 * @d: the domain
 * @addr: an address in the domain
 * @index: out: the page's index in the file, in pages
 *
 * Context: any, preemption off.
 * Return: false if no file has the page, or more than one, or that is not known.
 */
bool page_in_file(const struct domain *d, unsigned long addr,
		  unsigned long *index)
{
	struct page *page = page_at(d, addr);

	return page && page_file(page, index);
}

/*
 * Whether no pin for writing of a page can exist. The tags are checked first: a
 * program that pins the page for writing after that has taken a new fault, which
 * notes it.
 */
static bool page_is_quiet(struct page *page)
{
	struct address_space *mapping;
	unsigned long index;
	bool tagged;

	rcu_read_lock();
	mapping = page_file(page, &index);
	tagged = mapping &&
		 (xa_get_mark(&mapping->i_pages, index, PAGECACHE_TAG_DIRTY) ||
		  xa_get_mark(&mapping->i_pages, index, PAGECACHE_TAG_TOWRITE));
	rcu_read_unlock();
	if (tagged)
		return false;
	/* Read the references after the tags. */
	smp_rmb();
	return compat_page_refs(page) <= COMPAT_DAX_IDLE;
}

/*
 * Drop the notes of pages without a pin for writing. Return: whether notes are left.
 */
static bool page_drop_notes(struct domain *d)
{
	unsigned long first = pages_first(d), bit, done = 0;
	struct page *page;
	bool left = false;

	lockdep_assert_held(&watched_lock);
	for_each_set_bit(bit, d->notes, pages_nr(d)) {
		page = pfn_to_page(first + bit);
		if (page_is_quiet(page)) {
			WRITE_ONCE(d->note_dropped, bit + 1);
			clear_bit(bit, d->notes);
			/* A fault may have noted and tagged it just now. */
			smp_mb__after_atomic();
			if (!page_is_quiet(page)) {
				set_bit(bit, d->notes);
				left = true;
			}
			/* After the note is back: see page_is_noted(). */
			smp_store_release(&d->note_dropped, 0);
		} else {
			left = true;
		}
		if (!(++done % 4096))
			cond_resched();
	}
	return left;
}

/*
 * It may take a minute, for terabytes. On a workqueue that is bound to its CPU, all
 * other work of that CPU would wait for it.
 */
static void page_sweep(struct work_struct *work);
static DECLARE_DELAYED_WORK(sweep_work, page_sweep);

static void page_sweep(struct work_struct *work)
{
	unsigned long start = jiffies;
	struct domain *d;
	bool left = false;

	mutex_lock(&watched_lock);
	list_for_each_entry(d, &watched, watched)
		left |= page_drop_notes(d);
	mutex_unlock(&watched_lock);
	if (left)
		mod_delayed_work(system_unbound_wq, &sweep_work,
				 max_t(unsigned long, NOTES_LATER,
				       (jiffies - start) * NOTES_SHARE));
}

/**
 * page_note() - note pages that are about to become writable for a program
 * @pfn: page frame number of the first page
 * @nr: number of pages
 *
 * Context: process context, before the entry is in the program's page table.
 */
void page_note(unsigned long pfn, unsigned long nr)
{
	unsigned long first, end = pfn + nr;
	const struct domain_range *r;
	bool noted = false;
	struct domain *d;

	preempt_disable();
	if (domain_find((unsigned long)__va(PFN_PHYS(pfn)), &r) &&
	    READ_ONCE(r->domain->notes)) {
		d = r->domain;
		first = pages_first(d);
		for (; pfn >= first && pfn < min(end, first + pages_nr(d));
		     pfn++)
			set_bit(pfn - first, d->notes);
		noted = true;
	}
	preempt_enable();
	if (noted)
		queue_delayed_work(system_unbound_wq, &sweep_work, NOTES_SOON);
}

/**
 * page_watch() - begin to tell pins for reading from pins for writing
 * @d: a domain of pmem that is in the table
 *
 * Until this returns, and if there is no memory for the notes, each pin counts as
 * one for writing.
 *
 * Context: process context, sleeps. Cost: a look at the struct page of each page,
 * and a bit of memory for each.
 */
void page_watch(struct domain *d)
{
	unsigned long *notes;

	if (d->pages >= d->end ||
	    page_at(d, d->pages)->pgmap->type != MEMORY_DEVICE_FS_DAX)
		return;
	notes = vmalloc(BITS_TO_LONGS(pages_nr(d)) * sizeof(*notes));
	if (!notes) {
		pr_warn("%s: no memory to tell who pins a page for reading\n",
			d->name);
		return;
	}
	memset(notes, 0xff, BITS_TO_LONGS(pages_nr(d)) * sizeof(*notes));
	WRITE_ONCE(d->notes, notes);
	mutex_lock(&watched_lock);
	list_add(&d->watched, &watched);
	if (page_drop_notes(d))
		queue_delayed_work(system_unbound_wq, &sweep_work, NOTES_LATER);
	mutex_unlock(&watched_lock);
}

/**
 * page_unwatch() - undo page_watch()
 * @d: the domain, which is not in the table any more
 *
 * Context: process context, sleeps.
 */
void page_unwatch(struct domain *d)
{
	mutex_lock(&watched_lock);
	list_del(&d->watched);
	mutex_unlock(&watched_lock);
	vfree(d->notes);
}

/**
 * page_exit() - end the worker
 *
 * Context: process context, sleeps; page_note() is not called any more, and no
 * domain is left.
 */
void page_exit(void)
{
	cancel_delayed_work_sync(&sweep_work);
}
