/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All differences between the supported kernels (6.1 to 6.12), and the kernels that
 * are refused. No other file checks what the kernel has. compat.mk looks into the
 * kernel's headers for that (PKS_HAVE_*): a version tells less, as stable kernels
 * take over newer interfaces.
 */
#ifndef PMEM_PKS_COMPAT_H
#define PMEM_PKS_COMPAT_H

/*
 * An unsupported kernel is refused here, before any other header is read, with one
 * line that gives the reason. The first lines repeat the "depends" of the Kconfig
 * file, which has no effect on a build outside a kernel tree. offsets.c is compiled
 * before all other files, and stops at its first error.
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

/* The per-CPU variable with the running thread's task_struct. */
#ifdef X86_current_task
#define COMPAT_CURRENT	PER_CPU_VAR(pcpu_hot + X86_current_task)
#else
#define COMPAT_CURRENT	PER_CPU_VAR(current_task)
#endif

#else /* __ASSEMBLY__ */

/*
 * How a pinned page is recognized. Up to 6.14 an idle DAX page has one reference,
 * and put_devmap_managed_page_refs(), later put_devmap_managed_folio_refs(), puts
 * the last but one. The series that changed this removed these functions and added
 * vmf_insert_page_mkwrite(). compat.mk looks for both ways. A kernel in which it
 * finds neither is refused too.
 */
#if defined(PKS_HAVE_DAX_COUNT_FROM_0) && !defined(PKS_HAVE_DAX_COUNT_FROM_1)
#error "pmem_pks does not support the reference counts that DAX pages have since 6.15"
#elif defined(PKS_HAVE_DAX_COUNT_FROM_0) || !defined(PKS_HAVE_DAX_COUNT_FROM_1)
#error "pmem_pks can't tell from linux/mm.h how this kernel counts references to DAX pages"
#endif

#include <linux/cpuhotplug.h>
#include <linux/ftrace.h>
#include <linux/hrtimer.h>
#include <linux/module.h>
#include <linux/pfn_t.h>
#include <linux/syscore_ops.h>
#include <asm/processor-flags.h>

/* Access a model-specific register of this CPU. Preemption off. */
#define compat_wrmsr(msr, value)	__wrmsr(msr, (u32)(value), 0)
#define compat_rdmsr(msr)		__rdmsr(msr)

/*
 * The file of an fsdax page, and the page's index in it. References of a page beyond
 * COMPAT_DAX_IDLE are pins: see above.
 */
#define compat_page_mapping(page)	READ_ONCE((page)->mapping)
#define compat_page_index(page)		READ_ONCE((page)->index)
#define compat_page_refs(page)		page_ref_count(page)
#define COMPAT_DAX_IDLE			1

/* Return: the dev_pagemap of a page frame, with a reference; or NULL. */
#define compat_get_dev_pagemap(pfn)	get_dev_pagemap(pfn, NULL)

/* The page frame in the pfn_t argument of functions that map DAX pages. */
#define compat_frame(arg)		((arg) & ~PFN_FLAGS_MASK)

static inline void compat_hrtimer_setup(struct hrtimer *timer,
					enum hrtimer_restart (*func)(struct hrtimer *timer),
					clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = func;
}

/* Protection keys for supervisor pages: Intel SDM volume 3A, 5.6.2. */
#ifndef X86_CR4_PKS
#define X86_CR4_PKS		BIT(24)
#endif
#ifndef MSR_IA32_PKRS
#define MSR_IA32_PKRS		0x000006e1
#endif

/*
 * CPU hotplug has no dynamic states in the section that runs on an incoming CPU
 * before its interrupts are on. With a later state, the CPU's interrupt handlers
 * would run unprotected. This state belongs to another architecture, so on x86 it is
 * always free.
 */
#define PKS_CPUHP_STARTING	CPUHP_AP_ARM_VFP_STARTING

/*
 * Since 6.2 the functions that take an ftrace_ops have the names of the older ones.
 */
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

/* A module's code: the part that stays, and the init part. */
#ifdef PKS_HAVE_MODULE_MEMORY
#define compat_core_text(module)	(&(module)->mem[MOD_TEXT])
#define compat_init_text(module)	(&(module)->mem[MOD_INIT_TEXT])
#define compat_text_size(text)		((text)->size)
#else
#define compat_core_text(module)	(&(module)->core_layout)
#define compat_init_text(module)	(&(module)->init_layout)
#define compat_text_size(text)		((text)->text_size)
#endif

/* Whether a thread has a CPU. */
#ifdef CONFIG_SMP
#define compat_on_cpu(task)		READ_ONCE((task)->on_cpu)
#else
#define compat_on_cpu(task)		((task) == current)
#endif

/*
 * The return probes of the functions that a thread is inside: a struct rethook_node's
 * llist each.
 */
#ifdef CONFIG_RETHOOK
#define compat_return_probes(task)	READ_ONCE((task)->rethooks.first)
#else
#define compat_return_probes(task)	((void)(task), (struct llist_node *)NULL)
#endif

/* The argument of a kset's callbacks. */
#ifdef PKS_HAVE_CONST_UEVENT
#define compat_uevent_kobject	const struct kobject
#else
#define compat_uevent_kobject	struct kobject
#endif

/* The registration of a resume callback. */
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

/* Whether an address is in this module's text. If it is built in, none is. */
#ifdef MODULE
#define compat_is_own_text(ip)						\
	((ip) - (unsigned long)compat_core_text(THIS_MODULE)->base <	\
	 compat_text_size(compat_core_text(THIS_MODULE)))
#else
#define compat_is_own_text(ip)	((void)(ip), false)
#endif

#endif /* __ASSEMBLY__ */
#endif /* PMEM_PKS_COMPAT_H */
