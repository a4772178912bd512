// SPDX-License-Identifier: GPL-2.0
/*
 * The CPU: whether it has Protection Keys for Supervisor pages (PKS), CR4.PKS
 * and PKRS on every CPU as they come, go, suspend and resume, and which keys
 * are taken. Knows nothing of pmem.
 *
 * PKRS is per logical CPU. What it is to hold is pks_closed without what the
 * CPU's context has open (grant.c), so there is no copy of it to go wrong.
 *
 * A write of PKRS is not serializing and needs not be: no later access runs,
 * even speculatively, before it (Intel SDM volume 3A, 5.6.2 and WRMSR).
 */
#include <linux/bitmap.h>
#include <linux/cpu.h>
#include <linux/mutex.h>
#include <asm/msr.h>
#include <asm/processor.h>
#include <asm/tlbflush.h>

#include "internal.h"

/* CPUID leaf 7, subleaf 0, ECX bit 31: PKS. */
#define CPUID_7_ECX_PKS		BIT(31)
/* Writes denied by keys 1 to 15; key 0 is all the kernel's other memory. */
#define PKRS_CLOSED		0xaaaaaaa8u

u32 pks_closed = PKRS_CLOSED;

static DEFINE_MUTEX(key_lock);
static DECLARE_BITMAP(keys_taken, PKS_NR_KEYS);
static u32 denies_access;	/* bit per key of PKS_DENY_ACCESS */

static void pks_change(u32 mask, u32 bits)
{
	u32 old = READ_ONCE(pks_closed);

	while (!try_cmpxchg(&pks_closed, &old, (old & ~mask) | bits))
		;
}

/* PKRS first: from the moment that CR4.PKS is set no write gets through. */
static int pks_cpu_enable(unsigned int cpu)
{
	pks_write(READ_ONCE(pks_closed));
	cr4_update_irqsoff(X86_CR4_PKS, 0);
	return 0;
}

/* On rmmod, and on a CPU that goes down: nobody runs on it after this. */
static int pks_cpu_disable(unsigned int cpu)
{
	cr4_update_irqsoff(0, X86_CR4_PKS);
	pks_write(0);
	return 0;
}

/*
 * Suspend to RAM takes the other CPUs down and up by hotplug. The one that
 * stays gets back its CR4 from the kernel, PKS included, but not its PKRS.
 * Nothing but the thread that suspends runs there, and it has no grant.
 */
static void pks_resume(COMPAT_SYSCORE_ARG)
{
	pks_cpu_enable(smp_processor_id());
}

DEFINE_COMPAT_SYSCORE(pks_syscore, pks_resume);

/**
 * pks_take_key() - allocate a key
 * @deny: what it denies
 * @changed: out: grant_reload_everywhere() is owed, before the key is used
 *
 * Return: the key, or -ENOSPC.
 */
int pks_take_key(enum pks_deny deny, bool *changed)
{
	int key;

	mutex_lock(&key_lock);
	key = find_next_zero_bit(keys_taken, PKS_NR_KEYS, 1);
	if (key < PKS_NR_KEYS) {
		__set_bit(key, keys_taken);
		*changed = deny == PKS_DENY_ACCESS;
		if (*changed) {
			denies_access |= BIT(key);
			pks_change(PKRS_KEY_MASK(key), PKRS_KEY_MASK(key));
		}
	}
	mutex_unlock(&key_lock);
	return key < PKS_NR_KEYS ? key : -ENOSPC;
}

/**
 * pks_put_key() - give back a key that no page carries and nobody has open
 * @key: the key
 *
 * Return: whether grant_reload_everywhere() is owed.
 */
bool pks_put_key(int key)
{
	bool changed = (pks_closed & PKRS_KEY_MASK(key)) !=
		       PKRS_WRITE_DISABLE(key);

	mutex_lock(&key_lock);
	pks_change(PKRS_KEY_MASK(key), PKRS_WRITE_DISABLE(key));
	denies_access &= ~BIT(key);
	__clear_bit(key, keys_taken);
	mutex_unlock(&key_lock);
	return changed;
}

/**
 * pks_key_taken() - whether a number is that of an allocated key
 * @key: any number
 *
 * Context: any.
 */
bool pks_key_taken(int key)
{
	return key > 0 && key < PKS_NR_KEYS && test_bit(key, keys_taken);
}

/**
 * pks_open_everywhere() - let every CPU use the pages of a key
 * @key: the key
 *
 * For want of memory for a grant. A CPU follows when PKRS is next written
 * there, or when fault.c sees an access denied.
 *
 * Context: any.
 */
void pks_open_everywhere(int key)
{
	pks_change(PKRS_KEY_MASK(key), 0);
}

/**
 * pks_close() - undo pks_open_everywhere(), for what is loaded from now on
 * @key: the key. grant_reload_everywhere() is owed.
 */
void pks_close(int key)
{
	pks_change(PKRS_KEY_MASK(key), denies_access & BIT(key) ?
		   PKRS_KEY_MASK(key) : PKRS_WRITE_DISABLE(key));
}

/**
 * pks_is_open() - whether pks_open_everywhere() is in effect
 * @key: the key
 */
bool pks_is_open(int key)
{
	return !(READ_ONCE(pks_closed) & PKRS_KEY_MASK(key));
}

int __init pks_init(void)
{
	int ret;

	if (cpuid_eax(0) < 7 || !(cpuid_ecx(7) & CPUID_7_ECX_PKS)) {
		pr_err("this CPU has no Protection Keys for Supervisor pages (PKS, CPUID.(EAX=7,ECX=0):ECX[31])\n");
		return -ENODEV;
	}
	ret = cpuhp_setup_state(PKS_CPUHP_STARTING, "pmem_pks:starting",
				pks_cpu_enable, pks_cpu_disable);
	if (ret) {
		pr_err("no CPU hotplug state (%d)\n", ret);
		return ret;
	}
	compat_register_syscore(&pks_syscore);
	return 0;
}

void pks_exit(void)
{
	compat_unregister_syscore(&pks_syscore);
	cpuhp_remove_state(PKS_CPUHP_STARTING);
}
