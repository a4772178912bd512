/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Keys, and the leaves that carry them: see keymap.c and key.c.
 */
#ifndef PMEM_PKS_KEY_H
#define PMEM_PKS_KEY_H

#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/pks.h>

/* keymap.c */

struct keymap_leaves {
	unsigned long nr[3];	/* leaves of 4 KiB, 2 MiB and 1 GiB */
	unsigned long keyed;	/* leaves with the key asked for */
};

extern struct mutex keymap_lock;

int keymap_key(unsigned long addr);
bool keymap_try_again(unsigned long ip, unsigned long addr, bool write);
bool keymap_leaf(unsigned long addr, unsigned long *frame, unsigned long *next);
int keymap_set(unsigned long start, unsigned long end, int key, bool direct);
bool keymap_is_used(int key);
int keymap_leaves(unsigned long start, unsigned long end, int key,
		  struct keymap_leaves *leaves);

/* key.c */

struct denial;

struct key_owner {
	/*
	 * Called when the key denies an access. Context: the page fault. Return:
	 * true if the access is dealt with, and the thread goes on at regs->ip.
	 */
	bool (*denied)(struct denial *denial);
};

void pks_key_init(const struct key_owner *owner);
bool pks_key_is_taken(int key);
const struct key_owner *pks_key_owner(int key);
int pks_key_alloc_for(enum pks_deny deny, const struct key_owner *owner);
int pks_key_get(int key, bool *shared);
int pks_key_borrow(void);
void pks_key_put(int key);
int pks_key_set(unsigned long start, unsigned long end, int key, bool direct);

#endif /* PMEM_PKS_KEY_H */
