/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Protection Keys for Supervisor pages: keys, and the right to use their pages.
 *
 * A key is a number from 1 to 15 in bits 59..62 of a leaf page-table entry of
 * the kernel. The register PKRS of each CPU says for each key whether the CPU
 * may write, or access at all, the pages that carry it. It is closed for every
 * key that is ours, and pks_grant() opens one for the calling context alone.
 *
 * The pages are everyone's, the right is the thread's: no other thread or CPU,
 * no interrupt, and no child has it.
 *
 * Source: Intel SDM volume 3A, section 5.6.2 "Determination of access rights".
 */
#ifndef _LINUX_PKS_H
#define _LINUX_PKS_H

#include <linux/types.h>

#define PKS_NR_KEYS	16

/**
 * enum pks_deny - what a key denies to who has no grant
 * @PKS_DENY_WRITE: writes
 * @PKS_DENY_ACCESS: writes and reads
 */
enum pks_deny { PKS_DENY_WRITE, PKS_DENY_ACCESS };

/**
 * pks_key_alloc() - take a free key
 * @deny: what it denies
 *
 * Context: process context, sleeps. Cost: the machine is stopped for a moment
 * if PKRS has to change on every CPU, which it has for %PKS_DENY_ACCESS.
 * Return: a key from 1 to 15, closed on every CPU; -ENOSPC when all are taken.
 */
int pks_key_alloc(enum pks_deny deny);

/**
 * pks_key_free() - give back a key
 * @key: what pks_key_alloc() returned
 *
 * Context: process context, sleeps. Cost: the machine is stopped for a moment,
 * to look for grants.
 * Return: 0; -EINVAL if the key is not allocated; -EBUSY while a page carries
 * it or a context has it granted. Then it stays allocated.
 */
int pks_key_free(int key);

/**
 * pks_set_key() - put a key on a range of the kernel's address space
 * @start: first address, page-aligned
 * @end: address after the last, page-aligned
 * @key: an allocated key, or 0 to take the range's key away
 *
 * The range is in the direct map (pages of the page allocator, pmem) or in
 * vmalloc space; the pages of the latter get the key in the direct map as well.
 * A leaf that reaches over an end (2 MiB or 1 GiB) is split there. On return
 * every CPU sees the new key. The caller sees to it that nobody unmaps the
 * range or takes away the pages, without having taken the key away before.
 *
 * Context: process context, sleeps. Cost: a step for each leaf, one flush of
 * all TLBs for the range, and for a split what set_memory_4k() costs.
 * Return: 0; -EINVAL if the key is not allocated or the range is not one;
 * -ENXIO where nothing is mapped; -ENOMEM if a leaf could not be split. On an
 * error the range keeps no key.
 */
int pks_set_key(unsigned long start, unsigned long end, int key);

/**
 * pks_grant() - let the calling context use the pages of a key
 * @key: an allocated key
 *
 * A thread's grant follows it: over sleep, preemption and migration it is open
 * on the CPU that runs the thread and only while it runs there. Interrupts that
 * arrive meanwhile have none, nor has what a page fault on a user's page calls.
 * One taken in an interrupt ends before that interrupt does. Grants nest, are
 * counted, and each needs its pks_revoke() in the same context.
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
 * Context: the one that called pks_grant(). Takes no lock and does not sleep.
 * Cost: as pks_grant().
 * Return: 0; -EINVAL if the context has no grant of it: then nothing changes,
 * and the first time it is logged.
 */
int pks_revoke(int key);

#endif /* _LINUX_PKS_H */
