/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All that differs between the kernels that the module builds for (6.1 to
 * 6.12), so that no other file asks. What a kernel has is looked up in its
 * headers by the Kbuild file (PKS_HAVE_*): its version tells less, as stable
 * kernels take over interfaces too.
 */
#ifndef PMEM_PKS_COMPAT_H
#define PMEM_PKS_COMPAT_H

#ifdef __ASSEMBLY__
#include <asm/asm-offsets.h>
#include <asm/percpu.h>

/* Where the running thread's task_struct is found. */
#ifdef X86_current_task
#define COMPAT_CURRENT	PER_CPU_VAR(pcpu_hot + X86_current_task)
#else
#define COMPAT_CURRENT	PER_CPU_VAR(current_task)
#endif

#else /* __ASSEMBLY__ */

#include <linux/cpuhotplug.h>
#include <linux/ftrace.h>
#include <linux/module.h>
#include <linux/syscore_ops.h>
#include <asm/processor-flags.h>

/* Protection keys for supervisor pages: Intel SDM volume 3A, 5.6.2. */
#ifndef X86_CR4_PKS
#define X86_CR4_PKS		BIT(24)
#endif
#ifndef MSR_IA32_PKRS
#define MSR_IA32_PKRS		0x000006e1
#endif

/*
 * CPU hotplug gives modules no dynamic state in the section that runs on an
 * incoming CPU before its interrupts are on, and a later one would leave the
 * CPU's interrupt handlers unprotected. This state belongs to an architecture
 * that x86 is not, so its slot is always free.
 */
#define PKS_CPUHP_STARTING	CPUHP_AP_ARM_VFP_STARTING

/* 6.2 gave the calls that take an ftrace_ops the names of the older ones. */
#ifdef PKS_HAVE_DIRECT_MULTI
#define compat_register_direct(ops, addr)	\
	register_ftrace_direct_multi(ops, addr)
#define compat_unregister_direct(ops, addr)	\
	unregister_ftrace_direct_multi(ops, addr)
#else
#define compat_register_direct(ops, addr)	\
	register_ftrace_direct(ops, addr)
#define compat_unregister_direct(ops, addr)	\
	unregister_ftrace_direct(ops, addr, false)
#endif

/* What the callbacks of a kset get. */
#ifdef PKS_HAVE_CONST_UEVENT
#define compat_uevent_kobject	const struct kobject
#else
#define compat_uevent_kobject	struct kobject
#endif

/* The resume callback. */
#ifdef PKS_HAVE_SYSCORE
#define COMPAT_SYSCORE_ARG	void *data

#define DEFINE_COMPAT_SYSCORE(name, on_resume)				\
	static const struct syscore_ops name##_ops = {			\
		.resume = on_resume,					\
	};								\
	static struct syscore name = { .ops = &name##_ops }

#define compat_register_syscore(name)	register_syscore(name)
#define compat_unregister_syscore(name)	unregister_syscore(name)
#else
#define COMPAT_SYSCORE_ARG	void

#define DEFINE_COMPAT_SYSCORE(name, on_resume)				\
	static struct syscore_ops name = { .resume = on_resume }

#define compat_register_syscore(name)	register_syscore_ops(name)
#define compat_unregister_syscore(name)	unregister_syscore_ops(name)
#endif

/* A module's functions: where they lie, and how many bytes. */
#ifdef PKS_HAVE_MODULE_MEMORY
#define COMPAT_TEXT(module)	((module)->mem[MOD_TEXT].base)
#define COMPAT_TEXT_SIZE(module) ((module)->mem[MOD_TEXT].size)
#else
#define COMPAT_TEXT(module)	((module)->core_layout.base)
#define COMPAT_TEXT_SIZE(module) ((module)->core_layout.text_size)
#endif

/* Whether an address is in this module's text: never, when it is built in. */
#ifdef MODULE
#define compat_is_own_text(ip)						\
	((ip) - (unsigned long)COMPAT_TEXT(THIS_MODULE) <		\
	 COMPAT_TEXT_SIZE(THIS_MODULE))
#else
#define compat_is_own_text(ip)	false
#endif

#endif /* __ASSEMBLY__ */
#endif /* PMEM_PKS_COMPAT_H */
