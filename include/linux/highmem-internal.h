/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kmap_local_page() and its relatives, with a grant, for a kernel without highmem.
 * While a page of a protected range is mapped, the context that mapped it may
 * write the range, and no other context may.
 *
 * A module opts in with NOSTDINC_FLAGS += -I<here>/include in its Kbuild file,
 * which puts this directory before the kernel's in the include path. Its source
 * stays as it is. The helpers of linux/highmem.h use these functions too:
 * memcpy_to_page(), memzero_page(), zero_user_segments(), copy_highpage() and
 * the rest. kmap() grants nothing, as any thread may use its mapping.
 *
 * The returned address is in the direct map, as always without highmem. For a
 * page below every domain, map and unmap cost two more instructions each.
 */
#ifndef _LINUX_PMEM_PKS_HIGHMEM_INTERNAL_H
#define _LINUX_PMEM_PKS_HIGHMEM_INTERNAL_H

/* linux/highmem.h includes these before the kernel's highmem-internal.h. */
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/bug.h>
#include <linux/cacheflush.h>
#include <linux/mm.h>
#include <linux/uaccess.h>
#include <linux/hardirq.h>

#include <linux/pmem_pks.h>

#ifdef CONFIG_HIGHMEM
#error "PKS is of 64-bit kernels, which have no highmem"
#endif

/* Rename the kernel's own functions. */
#define kmap_local_page		kernel_kmap_local_page
#define kmap_local_folio	kernel_kmap_local_folio
#define kmap_local_page_prot	kernel_kmap_local_page_prot
#define kmap_local_pfn		kernel_kmap_local_pfn
#define kmap_atomic		kernel_kmap_atomic
#define kmap_atomic_prot	kernel_kmap_atomic_prot
#define kmap_atomic_pfn		kernel_kmap_atomic_pfn
#define __kunmap_local		kernel_kunmap_local
#define __kunmap_atomic		kernel_kunmap_atomic
#include_next <linux/highmem-internal.h>
#undef kmap_local_page
#undef kmap_local_folio
#undef kmap_local_page_prot
#undef kmap_local_pfn
#undef kmap_atomic
#undef kmap_atomic_prot
#undef kmap_atomic_pfn
#undef __kunmap_local
#undef __kunmap_atomic

/**
 * kmap_local_page() - map a page and grant its domain to the calling context
 * @page: the page
 *
 * The grant belongs to the calling thread, softirq or hardirq. A thread keeps it
 * over sleep, preemption and migration. No interrupt, other thread or child has
 * it. Maps nest, and may end in any order, whether they are of one page or of
 * several, of one domain or of several.
 *
 * Context: any but NMI; never fails, never sleeps. Cost: see pmem_pks_begin().
 * Return: the page's address. The same context passes it to kunmap_local().
 */
static inline void *kmap_local_page(struct page *page)
{
	void *addr = page_address(page);

	pmem_pks_begin(addr);
	return addr;
}

/**
 * kmap_local_folio() - map a page of a folio and grant its domain
 * @folio: the folio
 * @offset: offset of a byte in the folio, in bytes
 *
 * As kmap_local_page(), for the page that holds the byte.
 *
 * Context: as kmap_local_page().
 * Return: the byte's address.
 */
static inline void *kmap_local_folio(struct folio *folio, size_t offset)
{
	void *addr = page_address(&folio->page) + offset;

	pmem_pks_begin(addr);
	return addr;
}

/**
 * kmap_local_range() - map contiguous pages and grant their domains
 * @page: the first page
 * @nr: number of pages, from 1 to PMEM_PKS_MAX_PAGES. They follow each other in
 *	physical memory, as the pages of a folio do.
 *
 * One map and one grant for all pages, ended by one kunmap_local() of the first
 * page's address. If the pages are in several domains, all of these are granted.
 *
 * Context: any but NMI; never fails, never sleeps.
 * Return: the first page's address.
 */
static inline void *kmap_local_range(struct page *page, unsigned int nr)
{
	void *addr = page_address(page);

	pmem_pks_begin_range(addr, nr);
	return addr;
}

/**
 * kmap_local_page_prot() - kmap_local_page(); the protection is ignored
 * @page: the page
 * @prot: has no meaning without highmem
 *
 * Context: as kmap_local_page().
 * Return: the page's address.
 */
static inline void *kmap_local_page_prot(struct page *page, pgprot_t prot)
{
	return kmap_local_page(page);
}

/**
 * kmap_local_pfn() - kmap_local_page() by page frame number
 * @pfn: the page frame number
 *
 * Context: as kmap_local_page().
 * Return: the page's address.
 */
static inline void *kmap_local_pfn(unsigned long pfn)
{
	return kmap_local_page(pfn_to_page(pfn));
}

/**
 * __kunmap_local() - end a map; the kernel's macro kunmap_local() calls this
 * @addr: an address in the (first) page of the map
 *
 * Context: the context that mapped it; never sleeps. Cost: see pmem_pks_end().
 */
static inline void __kunmap_local(const void *addr)
{
	kernel_kunmap_local(addr);
	pmem_pks_end(addr);
}

/**
 * kmap_atomic() - kmap_local_page() with preemption and page faults off
 * @page: the page
 *
 * Context: as kmap_local_page().
 * Return: the page's address. The same context passes it to kunmap_atomic().
 */
static inline void *kmap_atomic(struct page *page)
{
	void *addr = kernel_kmap_atomic(page);

	pmem_pks_begin(addr);
	return addr;
}

/**
 * kmap_atomic_prot() - kmap_atomic(); the protection is ignored
 * @page: the page
 * @prot: has no meaning without highmem
 *
 * Context: as kmap_local_page().
 * Return: the page's address.
 */
static inline void *kmap_atomic_prot(struct page *page, pgprot_t prot)
{
	return kmap_atomic(page);
}

/**
 * kmap_atomic_pfn() - kmap_atomic() by page frame number
 * @pfn: the page frame number
 *
 * Context: as kmap_local_page().
 * Return: the page's address.
 */
static inline void *kmap_atomic_pfn(unsigned long pfn)
{
	return kmap_atomic(pfn_to_page(pfn));
}

/**
 * __kunmap_atomic() - end a kmap_atomic(); the kernel's kunmap_atomic() calls this
 * @addr: an address in the page
 *
 * Context: the context that mapped it; never sleeps.
 */
static inline void __kunmap_atomic(const void *addr)
{
	pmem_pks_end(addr);
	kernel_kunmap_atomic(addr);
}

#endif /* _LINUX_PMEM_PKS_HIGHMEM_INTERNAL_H */
