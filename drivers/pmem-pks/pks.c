// SPDX-License-Identifier: GPL-2.0
/*
 * The CPU: whether it has Protection Keys for Supervisor pages (PKS), CR4.PKS
 * and PKRS on every CPU as they come, go, suspend and resume, and which keys
 * are taken. Knows nothing of pmem.
 *
 * PKRS is per logical CPU. pks_pkrs mirrors it so that it is written only when
 * it changes; both are touched by their own CPU only, with preemption off. An
 * interrupt between the two stores of pks_write() is harmless: what it changes
 * it puts back to the mirror's value before it returns.
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

#include "compat.h"
#include "internal.h"

/* CPUID leaf 7, subleaf 0, ECX bit 31: PKS. */
#define CPUID_7_ECX_PKS		BIT(31)
/* Writes denied by keys 1 to 15; key 0 is all the kernel's other memory. */
#define PKRS_CLOSED		0xaaaaaaa8u

DEFINE_PER_CPU(u32, pks_pkrs);
u32 pks_closed = PKRS_CLOSED;

static DEFINE_MUTEX(key_lock);
static DECLARE_BITMAP(keys_taken, PKS_NR_KEYS);

/**
 * pks_write() - set PKRS on this CPU
 * @pkrs: the new value
 *
 * Context: any, preemption off.
 */
void pks_write(u32 pkrs)
{
	if (__this_cpu_read(pks_pkrs) == pkrs)
		return;
	__this_cpu_write(pks_pkrs, pkrs);
	__wrmsr(MSR_IA32_PKRS, pkrs, 0);
}

/*
 * PKRS first, and not by way of the mirror, which may not be true here: from
 * the moment that CR4.PKS is set no write gets through.
 */
static int pks_cpu_enable(unsigned int cpu)
{
	u32 closed = READ_ONCE(pks_closed);

	__this_cpu_write(pks_pkrs, closed);
	__wrmsr(MSR_IA32_PKRS, closed, 0);
	cr4_update_irqsoff(X86_CR4_PKS, 0);
	return 0;
}

/* On rmmod, and on a CPU that goes down: nobody runs on it after this. */
static int pks_cpu_disable(unsigned int cpu)
{
	cr4_update_irqsoff(0, X86_CR4_PKS);
	__this_cpu_write(pks_pkrs, 0);
	__wrmsr(MSR_IA32_PKRS, 0, 0);
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

int pks_key_alloc(void)
{
	int key;

	mutex_lock(&key_lock);
	key = find_next_zero_bit(keys_taken, PKS_NR_KEYS, 1);
	if (key < PKS_NR_KEYS)
		__set_bit(key, keys_taken);
	mutex_unlock(&key_lock);
	return key < PKS_NR_KEYS ? key : -ENOSPC;
}
EXPORT_SYMBOL_GPL(pks_key_alloc);

void pks_key_free(int key)
{
	mutex_lock(&key_lock);
	__clear_bit(key, keys_taken);
	mutex_unlock(&key_lock);
}
EXPORT_SYMBOL_GPL(pks_key_free);

/**
 * pks_open_everywhere() - let every CPU write the pages of a key
 * @key: the key
 *
 * For a domain that fails open. This CPU follows at once, each other one when
 * fault.c sees its first write denied.
 *
 * Context: any, preemption off.
 */
void pks_open_everywhere(int key)
{
	u32 old = READ_ONCE(pks_closed);

	while (!try_cmpxchg(&pks_closed, &old, old & ~PKRS_KEY_MASK(key)))
		;
	pks_write(__this_cpu_read(pks_pkrs) & ~PKRS_KEY_MASK(key));
}

/**
 * pks_close() - undo pks_open_everywhere(), for what is loaded from now on
 * @key: the key
 *
 * Return: whether the key was open. Then grant_reload() is owed to every CPU.
 */
bool pks_close(int key)
{
	u32 old = READ_ONCE(pks_closed);

	if (old & PKRS_WRITE_DISABLE(key))
		return false;
	while (!try_cmpxchg(&pks_closed, &old, old | PKRS_WRITE_DISABLE(key)))
		;
	return true;
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
