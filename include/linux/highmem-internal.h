/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kmap_local_page() and its like, for a kernel without highmem, with a grant:
 * while a page of a protected range is mapped, the context that mapped it may
 * write the range, and nobody else may.
 *
 * A module gets them by having this folder before the kernel's in the include
 * path (NOSTDINC_FLAGS += -I<here>/include in its Kbuild file), with no change
 * to its source. All of linux/highmem.h that is built on them follows:
 * memcpy_to_page(), memzero_page(), zero_user_segments(), copy_highpage() and
 * the rest. kmap() grants nothing: its mapping is everybody's.
 *
 * The address is the direct map's, as always without highmem; only what may be
 * done there changes. On ordinary memory nothing does, for two instructions.
 */
#ifndef _LINUX_PMEM_PKS_HIGHMEM_INTERNAL_H
#define _LINUX_PMEM_PKS_HIGHMEM_INTERNAL_H

/* What linux/highmem.h includes before the kernel's file. */
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

/* The kernel's own, out of the way. */
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
 * kmap_local_page() - map a page, and be granted its domain
 * @page: the page
 *
 * The grant is of this thread (or of this softirq, hardirq): it goes with the
 * thread over sleep, preemption and migration, and no interrupt, other thread
 * or child has it. Maps nest, of one page and of several, of one domain and of
 * several, and may end in any order.
 *
 * Context: any but NMI; never fails, never sleeps. Cost: see pmem_pks_begin().
 * Return: the page's address, to be given to kunmap_local() in this context.
 */
static inline void *kmap_local_page(struct page *page)
{
	void *addr = page_address(page);

	pmem_pks_begin(addr);
	return addr;
}

/**
 * kmap_local_folio() - map a page of a folio, and be granted its domain
 * @folio: the folio
 * @offset: of a byte in it
 *
 * As kmap_local_page(), for the page with that byte.
 *
 * Return: the byte's address.
 */
static inline void *kmap_local_folio(struct folio *folio, size_t offset)
{
	void *addr = page_address(&folio->page) + offset;

	pmem_pks_begin(addr);
	return addr;
}

/**
 * kmap_local_range() - map contiguous pages, and be granted their domain
 * @page: the first
 * @nr: how many, from 1 to PMEM_PKS_MAX_PAGES. They follow each other in
 *	physical memory, as those of a folio do.
 *
 * One map and one grant for all of them, ended by one kunmap_local() of the
 * address of the first. If they are of several domains, all are granted.
 *
 * Context: any but NMI; never fails, never sleeps.
 * Return: the address of the first.
 */
static inline void *kmap_local_range(struct page *page, unsigned int nr)
{
	void *addr = page_address(page);

	pmem_pks_begin_range(addr, nr);
	return addr;
}

/**
 * kmap_local_page_prot() - kmap_local_page(), whatever the protection
 * @page: the page
 * @prot: of no meaning without highmem
 *
 * Return: the page's address.
 */
static inline void *kmap_local_page_prot(struct page *page, pgprot_t prot)
{
	return kmap_local_page(page);
}

/**
 * kmap_local_pfn() - kmap_local_page() of the page with a number
 * @pfn: the number
 *
 * Return: the page's address.
 */
static inline void *kmap_local_pfn(unsigned long pfn)
{
	return kmap_local_page(pfn_to_page(pfn));
}

/* kunmap_local() is a macro of the kernel's that ends up here. */
static inline void __kunmap_local(const void *addr)
{
	kernel_kunmap_local(addr);
	pmem_pks_end(addr);
}

/**
 * kmap_atomic() - kmap_local_page() with preemption and page faults off
 * @page: the page
 *
 * Return: the page's address, to be given to kunmap_atomic().
 */
static inline void *kmap_atomic(struct page *page)
{
	void *addr = kernel_kmap_atomic(page);

	pmem_pks_begin(addr);
	return addr;
}

/**
 * kmap_atomic_prot() - kmap_atomic(), whatever the protection
 * @page: the page
 * @prot: of no meaning without highmem
 *
 * Return: the page's address.
 */
static inline void *kmap_atomic_prot(struct page *page, pgprot_t prot)
{
	return kmap_atomic(page);
}

/**
 * kmap_atomic_pfn() - kmap_atomic() of the page with a number
 * @pfn: the number
 *
 * Return: the page's address.
 */
static inline void *kmap_atomic_pfn(unsigned long pfn)
{
	return kmap_atomic(pfn_to_page(pfn));
}

static inline void __kunmap_atomic(const void *addr)
{
	pmem_pks_end(addr);
	kernel_kunmap_atomic(addr);
}

#endif /* _LINUX_PMEM_PKS_HIGHMEM_INTERNAL_H */
