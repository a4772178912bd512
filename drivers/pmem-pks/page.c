// SPDX-License-Identifier: GPL-2.0
/*
 * What struct page says of a page of pmem: whether somebody has pinned it to have
 * the kernel write it, and which page of which file it is.
 *
 * A page of fsdax that nobody holds has one reference, also while programs have it
 * mapped (dax_busy_page() in fs/dax.c goes by that). More are pins. But who may only
 * read a file can pin its pages, too, and a page is not to lose its protection for
 * that. A pin for writing needs a writable entry in a program's page table. DAX
 * makes one by vmf_insert_mixed_mkwrite() or vmf_insert_pfn_pmd(), and before that
 * we *note* the page, in a bit for each. It also tags the page DIRTY in the file's
 * tree of pages before that; and a writeback takes the entries away before it takes
 * the tag. So a worker drops the notes of pages that have neither tag nor pins: who
 * wants to pin them for writing has to take another fault. In the beginning all
 * pages are noted.
 *
 * The tag alone does not do: 6.1 has it on pages that were only read, and a pin may
 * outlive it.
 *
 * What can't be told is pinned for writing: a page that is in no file's tree any
 * more, or in those of several (reflink); a page of device-dax, whose driver keeps
 * no tags.
 *
 * The fault asks, in any context, with preemption off, which is all that RCU wants:
 * inodes and the nodes of their trees are freed by it.
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
 * The entries of a DAX file's tree, by fs/dax.c. If another kernel has others, then
 * nothing that is found there fits, and each pin is one for writing.
 */
#define DAX_ENTRY_SHIFT	4
#define DAX_ENTRY_PMD	BIT(1)
#define DAX_ENTRY_ZERO	BIT(2)
#define DAX_ENTRY_EMPTY	BIT(3)

/* When the worker looks again: behind a new note; while there are some. */
#define NOTES_SOON	HZ
#define NOTES_LATER	(4 * HZ)
/* It takes no more than this part of a processor. */
#define NOTES_SHARE	100

/* The domains with notes. */
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

/* Return: NULL for what can't be pinned. */
static struct page *page_at(const struct domain *d, unsigned long addr)
{
	if (!d->pages || addr < d->pages || addr >= d->end)
		return NULL;
	return pfn_to_page(PHYS_PFN(d->phys + addr - d->start));
}

/*
 * RCU, or the inode is kept. The one file that has a page, and its index there.
 * Return: NULL if there is none, or more than one.
 */
static struct address_space *page_file(struct page *page,
				       unsigned long *index)
{
	unsigned long mapping = (unsigned long)READ_ONCE(page->mapping);

	/* One that files share has the number of them in the index's place. */
	if (PageCompound(page) || !mapping || mapping & PAGE_MAPPING_FLAGS)
		return NULL;
	*index = READ_ONCE(page->index);
	return (struct address_space *)mapping;
}

/* Whether an entry is that of a page, alone or with those beside it. */
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
 * Whether a page is noted. The worker takes a note away before it is sure, and
 * says so first.
 */
static bool page_is_noted(const struct domain *d, const unsigned long *notes,
			  unsigned long bit)
{
	if (test_bit(bit, notes))
		return true;
	/* Who has seen it taken away sees that the worker does so ... */
	smp_rmb();
	if (READ_ONCE(d->note_dropped) == bit + 1)
		return true;
	/* ... or what the worker has left. */
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
 * page_is_pinned() - whether the kernel may be writing a page on a user's account
 * @d: the domain
 * @addr: an address in it
 *
 * Pages of a large folio, which device-dax makes, are pinned together.
 *
 * Context: any, preemption off.
 */
bool page_is_pinned(const struct domain *d, unsigned long addr)
{
	struct page *page = page_at(d, addr);

	return page && page_ref_count(compound_head(page)) > 1 &&
	       !page_is_read(d, page);
}

/**
 * page_in_file() - which page of its file a page of pmem is
 * @d: the domain
 * @addr: an address in it
 * @index: out: the page's number in the file
 *
 * Context: any, preemption off.
 * Return: false if no file has it, or more than one, or that is not known.
 */
bool page_in_file(const struct domain *d, unsigned long addr,
		  unsigned long *index)
{
	struct page *page = page_at(d, addr);

	return page && page_file(page, index);
}

/*
 * Whether nobody can be about to write a page through a pin. The tags first: who
 * pins it after that has taken a new fault, and noted it.
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
	/* The references behind the tags. */
	smp_rmb();
	return page_ref_count(page) <= 1;
}

/*
 * watched_lock held. Drop the notes that are of no use any more. Return: whether
 * there are others.
 */
static bool page_drop_notes(struct domain *d)
{
	unsigned long first = pages_first(d), bit, done = 0;
	struct page *page;
	bool left = false;

	for_each_set_bit(bit, d->notes, pages_nr(d)) {
		page = pfn_to_page(first + bit);
		if (page_is_quiet(page)) {
			WRITE_ONCE(d->note_dropped, bit + 1);
			clear_bit(bit, d->notes);
			/* It may have been written and noted just now. */
			smp_mb__after_atomic();
			if (!page_is_quiet(page)) {
				set_bit(bit, d->notes);
				left = true;
			}
			/* Behind the note, if it is back: see page_is_noted(). */
			smp_store_release(&d->note_dropped, 0);
		} else {
			left = true;
		}
		if (!(++done % 4096))
			cond_resched();
	}
	return left;
}

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
		mod_delayed_work(system_wq, &sweep_work,
				 max_t(unsigned long, NOTES_LATER,
				       (jiffies - start) * NOTES_SHARE));
}

/**
 * page_note() - note pages that a program is about to be able to write
 * @pfn: the first
 * @nr: how many
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
		schedule_delayed_work(&sweep_work, NOTES_SOON);
}

/**
 * page_watch() - begin to tell pins for reading from those for writing
 * @d: a domain of pmem that is in the table
 *
 * Looks at each of its pages. Until it returns, and without memory for the notes,
 * each pin is one for writing.
 *
 * Context: process context, sleeps.
 */
void page_watch(struct domain *d)
{
	unsigned long *notes;

	INIT_LIST_HEAD(&d->watched);
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
		schedule_delayed_work(&sweep_work, NOTES_LATER);
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
 * Context: process context, when nobody calls page_note() any more and no domain is
 * left; sleeps.
 */
void page_exit(void)
{
	cancel_delayed_work_sync(&sweep_work);
}
