/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Protection Keys for Supervisor pages: keys, and the right to use their pages.
 *
 * A key is a number from 1 to 15 in bits 59..62 of a leaf entry of the kernel's
 * page tables. The register PKRS of each CPU says for each key whether the CPU
 * may write, or access at all, the pages that carry it. PKRS is closed for every
 * key of this module. pks_grant() opens one key for the calling context alone.
 *
 * All CPUs share the page tables, but a grant belongs to one context: no other
 * thread or CPU, no interrupt, and no child has it.
 *
 * Source: Intel SDM volume 3A, section 5.6.2 "Determination of access rights".
 */
#ifndef _LINUX_PKS_H
#define _LINUX_PKS_H

#include <linux/types.h>

#define PKS_NR_KEYS	16

/**
 * enum pks_deny - what a key denies to a context without a grant
 * @PKS_DENY_WRITE: writes
 * @PKS_DENY_ACCESS: writes and reads
 */
enum pks_deny { PKS_DENY_WRITE, PKS_DENY_ACCESS };

/**
 * pks_key_alloc() - allocate a free key
 * @deny: what the key denies
 *
 * Context: process context, sleeps. Cost: for %PKS_DENY_ACCESS the machine is
 * stopped for a moment, as PKRS changes on every CPU.
 * Return: a key from 1 to 15, closed on every CPU; -ENOSPC if none is free.
 */
int pks_key_alloc(enum pks_deny deny);

/**
 * pks_key_free() - free a key
 * @key: what pks_key_alloc() returned
 *
 * Context: process context, sleeps. Cost: the machine is stopped for a moment,
 * to look for grants.
 * Return: 0; -EINVAL if the key is not allocated; -EBUSY while a page carries
 * the key, a domain has it, or a context has a grant of it. After -EBUSY it stays
 * allocated.
 */
int pks_key_free(int key);

/**
 * pks_set_key() - put a key on a range of the kernel's address space
 * @start: first address, page-aligned
 * @end: address after the last byte, page-aligned
 * @key: an allocated key, or 0 to remove the range's key
 *
 * The range is in the direct map (pages of the page allocator, pmem) or in
 * vmalloc space. Pages of a vmalloc range get the key in the direct map as well.
 * A leaf of 2 MiB or 1 GiB that reaches over an end of the range is split there.
 * On return every CPU sees the new key. Before the range is unmapped or its pages
 * are freed, the caller removes the key.
 *
 * Context: process context, sleeps. Cost: one step per leaf, one full TLB flush
 * on all CPUs, and for each split the cost of set_memory_4k().
 * Return: 0; -EINVAL if the key is not allocated, or the range is empty or not
 * page-aligned; -ENXIO if a part is not mapped; -ENOMEM if a leaf could not be
 * split. If a key could not be put on all of the range, no part keeps one.
 */
int pks_set_key(unsigned long start, unsigned long end, int key);

/**
 * pks_grant() - let the calling context use the pages of a key
 * @key: an allocated key
 *
 * A thread keeps its grant over sleep, preemption and migration. The key is open
 * only on the CPU that runs the thread, and only while it runs there. It is closed
 * for an interrupt that arrives meanwhile, and for the handler of a page fault on
 * a user's page. A grant that an interrupt takes has to end before the interrupt
 * does. Grants nest and are counted: each needs a pks_revoke() in the same context.
 *
 * Context: any but NMI. Takes no lock, allocates nothing, does not sleep. Cost:
 * some 20 instructions, and one write of PKRS for the first grant of a key.
 * Return: 0; -EINVAL if the key is not allocated.
 */
int pks_grant(int key);

/**
 * pks_revoke() - end a pks_grant()
 * @key: the key that was granted to this context
 *
 * Context: the context that called pks_grant(). Takes no lock and does not sleep.
 * Cost: as pks_grant().
 * Return: 0; -EINVAL if the context has no grant of the key. Then nothing changes;
 * the first such call is logged.
 */
int pks_revoke(int key);

#endif /* _LINUX_PKS_H */
