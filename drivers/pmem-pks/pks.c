// SPDX-License-Identifier: GPL-2.0
/*
 * The CPU: checks for Protection Keys for Supervisor pages (PKS), and keeps CR4.PKS
 * and PKRS right on each CPU as it comes, goes, suspends and resumes. This file
 * knows nothing of pmem.
 *
 * Each logical CPU has its own PKRS. Its value is pks_closed, minus the keys that
 * the CPU's context has open (grant.c). No copy of it is kept that could be wrong.
 *
 * A write of PKRS does not serialize, and need not: no later access runs before it,
 * not even speculatively (Intel SDM volume 3A, 5.6.2 and WRMSR).
 */
#include <linux/cpu.h>
#include <asm/msr.h>
#include <asm/processor.h>
#include <asm/tlbflush.h>

#include "internal.h"

/* CPUID leaf 7, subleaf 0, ECX bit 31: PKS. */
#define CPUID_7_ECX_PKS		BIT(31)
/*
 * Keys 1 to 15 deny writes. All other kernel memory has key 0, which denies nothing.
 */
#define PKRS_CLOSED		0xaaaaaaa8u

u32 pks_closed = PKRS_CLOSED;
/* The same, without the effect of pks_open_everywhere(). */
static u32 pks_denied = PKRS_CLOSED;

static void pks_change(u32 mask, u32 bits)
{
	u32 old = READ_ONCE(pks_closed);

	while (!try_cmpxchg(&pks_closed, &old, (old & ~mask) | bits))
		;
}

/* PKRS first: as soon as CR4.PKS is set, no stray write gets through. */
static int pks_cpu_enable(unsigned int cpu)
{
	pks_write(READ_ONCE(pks_closed));
	cr4_update_irqsoff(X86_CR4_PKS, 0);
	return 0;
}

/* On rmmod, and on a CPU that goes offline: no other code runs there after this. */
static int pks_cpu_disable(unsigned int cpu)
{
	cr4_update_irqsoff(0, X86_CR4_PKS);
	pks_write(0);
	return 0;
}

/*
 * Suspend to RAM takes all CPUs but one down and up by hotplug. On the remaining one
 * the kernel restores CR4, PKS included, but not PKRS. Only the thread that suspends
 * runs there, and it has no grant.
 */
static void pks_resume(COMPAT_SYSCORE_ARG)
{
	pks_cpu_enable(smp_processor_id());
}

DEFINE_COMPAT_SYSCORE(pks_syscore, pks_resume);

/**
 * pks_set_denied() - set what a key denies
 * @key: the key; no page carries it, and no context has it open
 * @deny: what it denies
 *
 * Context: process context; key.c orders the calls.
 * Return: whether the caller must call grant_reload_everywhere() before the key is
 * used.
 */
bool pks_set_denied(int key, enum pks_deny deny)
{
	u32 mask = PKRS_KEY_MASK(key);
	u32 bits = deny == PKS_DENY_ACCESS ? mask : PKRS_WRITE_DISABLE(key);
	bool changed = (READ_ONCE(pks_closed) & mask) != bits;

	WRITE_ONCE(pks_denied, (pks_denied & ~mask) | bits);
	pks_change(mask, bits);
	return changed;
}

/**
 * pks_open_everywhere() - let every CPU use the pages of a key
 * @key: the key
 *
 * A last resort: there is no memory for a grant, or an access can't be let through
 * alone. It takes effect on a CPU when PKRS is next written there, or when the CPU
 * faults on the key (see grant_covers()).
 *
 * Context: any.
 */
void pks_open_everywhere(int key)
{
	pks_change(PKRS_KEY_MASK(key), 0);
}

/**
 * pks_close() - undo pks_open_everywhere() in pks_closed
 * @key: the key
 *
 * The caller must call grant_reload_everywhere(), for the PKRS of each CPU.
 *
 * Context: process context.
 */
void pks_close(int key)
{
	u32 mask = PKRS_KEY_MASK(key);

	pks_change(mask, READ_ONCE(pks_denied) & mask);
}

/**
 * pks_is_open() - check whether pks_open_everywhere() is in effect
 * @key: the key
 *
 * Context: any.
 * Return: whether it is.
 */
bool pks_is_open(int key)
{
	return !(READ_ONCE(pks_closed) & PKRS_KEY_MASK(key));
}

/**
 * pks_init() - turn PKS on, with all keys closed, on each CPU
 *
 * Context: process context, sleeps.
 * Return: 0; -ENODEV if the CPU has no PKS; or an error of cpuhp_setup_state().
 */
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

/**
 * pks_exit() - turn PKS off on each CPU
 *
 * Context: process context, sleeps; no leaf carries a key any more.
 */
void pks_exit(void)
{
	compat_unregister_syscore(&pks_syscore);
	cpuhp_remove_state(PKS_CPUHP_STARTING);
}
