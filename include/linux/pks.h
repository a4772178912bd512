/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Protection Keys for Supervisor pages: keys, and the right to write.
 *
 * A key is a number from 1 to 15 in bits 59..62 of a leaf page-table entry of
 * the kernel. The register PKRS of each CPU says for each key whether the CPU
 * may write the pages that carry it. It is closed for every key that is ours,
 * and pks_grant() opens one for the calling context alone.
 *
 * Source: Intel SDM volume 3A, section 5.6.2 "Determination of access rights".
 */
#ifndef _LINUX_PKS_H
#define _LINUX_PKS_H

#include <linux/types.h>

#define PKS_NR_KEYS	16

/**
 * pks_key_alloc() - take a free key
 *
 * Context: process context, may sleep.
 * Return: a key from 1 to 15, which every CPU denies to write until it is
 * granted; -ENOSPC when all are taken.
 */
int pks_key_alloc(void);

/**
 * pks_key_free() - give back a key
 * @key: what pks_key_alloc() returned. No page may carry it any more.
 *
 * Context: process context, may sleep.
 */
void pks_key_free(int key);

/**
 * pks_set_key() - put a key on a range of the kernel's address space
 * @start: first address, page-aligned
 * @end: address after the last, page-aligned
 * @key: an allocated key, or 0 to take the range's key away
 *
 * On return every CPU sees the new key: one flush of all TLBs for the whole
 * range. The range must be mapped, and no leaf (4 KiB, 2 MiB or 1 GiB) may
 * reach over its ends.
 *
 * Context: process context, sleeps while the other CPUs flush. Cost: a step
 * for each leaf, and one interrupt to each CPU.
 * Return: 0; -ENXIO where nothing is mapped, -ERANGE where a leaf reaches over
 * an end. On an error the range keeps no key.
 */
int pks_set_key(unsigned long start, unsigned long end, int key);

/**
 * pks_grant() - let the calling context write the pages of a key
 * @key: an allocated key
 *
 * A thread's grant follows it: over sleep, preemption and migration it is open
 * on the CPU that runs the thread and only while it runs there. One taken in an
 * interrupt lasts at the longest until that interrupt ends. Grants nest, are
 * counted, and each needs its pks_revoke() in the same context.
 *
 * Context: any but NMI. Takes no lock and does not sleep. Cost: one write of
 * PKRS (which is not serializing) for the outermost grant of a key, and for a
 * thread's first the registration of a preempt notifier.
 * Return: true; false when there is no memory for the thread's record. Then
 * nothing was granted, and pks_revoke() must not be called.
 */
bool pks_grant(int key);

/**
 * pks_revoke() - end a pks_grant()
 * @key: the key that was granted to this context
 *
 * Context: the one that called pks_grant(). Takes no lock and does not sleep.
 */
void pks_revoke(int key);

#endif /* _LINUX_PKS_H */
