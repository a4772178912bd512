/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The CPU's side of the keys: see pks.c.
 */
#ifndef PMEM_PKS_PKS_H
#define PMEM_PKS_PKS_H

#include <linux/types.h>
#include <linux/pks.h>

#include "compat.h"

/* The two bits of a key in PKRS: bit 0 denies all access, bit 1 writes. */
#define PKRS_KEY_MASK(key)	(3u << ((key) * 2))
#define PKRS_WRITE_DISABLE(key)	(2u << ((key) * 2))

/* All keys that can be allocated. All other kernel memory has key 0. */
#define for_each_key(key)	for (key = 1; key < PKS_NR_KEYS; key++)

/* The value of PKRS where no key is granted. */
extern u32 pks_closed;

/**
 * pks_write() - set PKRS on this CPU
 * @pkrs: the value
 *
 * Context: any, preemption off. Cost: a WRMSR, which does not serialize.
 */
static __always_inline void pks_write(u32 pkrs)
{
	compat_wrmsr(MSR_IA32_PKRS, pkrs);
}

/**
 * pks_read() - read PKRS of this CPU
 *
 * Context: any, preemption off.
 * Return: the value.
 */
static inline u32 pks_read(void)
{
	return compat_rdmsr(MSR_IA32_PKRS);
}

int pks_init(void);
void pks_exit(void);
bool pks_set_denied(int key, enum pks_deny deny);
void pks_open_everywhere(int key);
void pks_close(int key);
bool pks_is_open(int key);

#endif /* PMEM_PKS_PKS_H */
