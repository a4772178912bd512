/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All that differs between the kernels that the module builds for (6.1 to
 * 6.12), so that no other file asks, and which kernels are refused. What a
 * kernel has is looked up in its headers by compat.mk (PKS_HAVE_*): its version
 * tells less, as stable kernels take over interfaces too.
 */
#ifndef PMEM_PKS_COMPAT_H
#define PMEM_PKS_COMPAT_H

/*
 * What is not served is refused here, before any other header is read, with one
 * line that names it. The first lines are the "depends" of the Kconfig file,
 * which does not reach a build outside of a kernel tree. offsets.c is compiled
 * before all others and ends at its first error.
 */
#if !defined(CONFIG_X86_64)
#error "pmem_pks needs a kernel for x86-64 (CONFIG_X86_64)"
#elif !defined(CONFIG_MODULES)
#error "pmem_pks needs a kernel with modules (CONFIG_MODULES)"
#elif !defined(CONFIG_ZONE_DEVICE)
#error "pmem_pks needs struct pages for pmem (CONFIG_ZONE_DEVICE)"
#elif !defined(CONFIG_FS_DAX)
#error "pmem_pks needs a kernel with DAX (CONFIG_FS_DAX)"
#elif defined(CONFIG_PREEMPT_RT)
#error "pmem_pks does not support PREEMPT_RT kernels (CONFIG_PREEMPT_RT)"
#elif !defined(CONFIG_DYNAMIC_FTRACE_WITH_REGS)
#error "pmem_pks needs ftrace with registers (CONFIG_DYNAMIC_FTRACE_WITH_REGS)"
#elif !defined(CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS)
#error "pmem_pks needs ftrace's direct calls (CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS)"
#elif !defined(CONFIG_KPROBES)
#error "pmem_pks needs kprobes (CONFIG_KPROBES)"
#elif !defined(CONFIG_KALLSYMS_ALL)
#error "pmem_pks needs the names of the kernel's variables (CONFIG_KALLSYMS_ALL)"
#elif !defined(CONFIG_UNWINDER_ORC)
#error "pmem_pks needs the ORC unwinder (CONFIG_UNWINDER_ORC)"
#elif !defined(CONFIG_PREEMPT_NOTIFIERS)
#error "pmem_pks needs preempt notifiers (CONFIG_PREEMPT_NOTIFIERS, which KVM selects)"
#endif

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

/*
 * What tells a pinned page. Up to 6.14 an idle page of DAX has one reference,
 * and the last but one is put by put_devmap_managed_page_refs(), later
 * put_devmap_managed_folio_refs(). The series that changed that took them out
 * and brought vmf_insert_page_mkwrite(). Neither of the two ways is what is left
 * when the other is not found.
 */
#if defined(PKS_HAVE_DAX_COUNT_FROM_0) && !defined(PKS_HAVE_DAX_COUNT_FROM_1)
#error "pmem_pks does not support the reference counts that DAX pages have since 6.15"
#elif defined(PKS_HAVE_DAX_COUNT_FROM_0) || !defined(PKS_HAVE_DAX_COUNT_FROM_1)
#error "pmem_pks can't tell from linux/mm.h how this kernel counts references to DAX pages"
#endif

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

/* A module's code: what stays, and that of its initialization. */
#ifdef PKS_HAVE_MODULE_MEMORY
#define compat_core_text(module)	(&(module)->mem[MOD_TEXT])
#define compat_init_text(module)	(&(module)->mem[MOD_INIT_TEXT])
#define compat_text_size(text)		((text)->size)
#else
#define compat_core_text(module)	(&(module)->core_layout)
#define compat_init_text(module)	(&(module)->init_layout)
#define compat_text_size(text)		((text)->text_size)
#endif

/* Whether a thread is in functions that have a return probe. */
#ifdef CONFIG_RETHOOK
#define compat_has_return_probes(task)	(!llist_empty(&(task)->rethooks))
#else
#define compat_has_return_probes(task)	((void)(task), false)
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

/* Whether an address is in this module's text: never, when it is built in. */
#ifdef MODULE
#define compat_is_own_text(ip)						\
	((ip) - (unsigned long)compat_core_text(THIS_MODULE)->base <	\
	 compat_text_size(compat_core_text(THIS_MODULE)))
#else
#define compat_is_own_text(ip)	((void)(ip), false)
#endif

#endif /* __ASSEMBLY__ */
#endif /* PMEM_PKS_COMPAT_H */
