/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every kernel symbol that the module relies on, and nothing else: the file needs no
 * declaration of the types. The other files make their tables from it, and "make
 * symbols" checks a kernel that is not running against it.
 *
 * A row begins with what the module needs to load:
 *   NEEDED	the kernel must have the symbol
 *   THP	it must have it if CONFIG_TRANSPARENT_HUGEPAGE is set
 *   OPTIONAL	not every kernel has it
 */
#ifndef PMEM_PKS_NAMES_H
#define PMEM_PKS_NAMES_H

/* Variables: DATA(flag, type, name). */
#define NAMES_DATA(DATA)						\
	DATA(NEEDED, rwlock_t, tasklist_lock)				\
	DATA(NEEDED, spinlock_t, cpa_lock)				\
	DATA(NEEDED, spinlock_t, pgd_lock)				\
	DATA(NEEDED, rwlock_t, resource_lock)				\
	DATA(NEEDED, struct mutex, module_mutex)			\
	DATA(NEEDED, struct list_head, modules)				\
	/* In the module libnvdimm, which may not be loaded. */		\
	DATA(OPTIONAL, struct bus_type, nvdimm_bus_type)		\
	/* For holder.c. */						\
	DATA(OPTIONAL, int, ftrace_enabled)				\
	DATA(OPTIONAL, struct mutex, ftrace_lock)			\
	DATA(OPTIONAL, struct ftrace_ops *, ftrace_ops_list)		\
	DATA(OPTIONAL, struct mutex, klp_mutex)				\
	DATA(OPTIONAL, struct list_head, klp_patches)

/* Functions that are called: CALL<arguments>(flag, result, name, types). */
#define NAMES_CALLS(CALL1, CALL2, CALL3, CALL4)				\
	CALL1(NEEDED, struct module *, find_module, const char *)	\
	CALL1(NEEDED, struct vm_struct *, find_vm_area, const void *)	\
	CALL1(NEEDED, long, do_group_exit, int)				\
	CALL2(NEEDED, int, set_memory_4k, unsigned long, int)		\
	CALL2(NEEDED, void __user *, insn_get_addr_ref,			\
	      struct insn *, struct pt_regs *)				\
	CALL4(NEEDED, int, insn_decode, struct insn *, const void *,	\
	      int, int)							\
	/* For stacks.c. */						\
	CALL2(OPTIONAL, struct ftrace_ret_stack *,			\
	      ftrace_graph_get_ret_stack, struct task_struct *, int)	\
	/* For holder.c. */						\
	CALL1(OPTIONAL, unsigned long, ftrace_location, unsigned long)	\
	CALL1(OPTIONAL, unsigned long, ftrace_find_rec_direct,		\
	      unsigned long)						\
	CALL3(OPTIONAL, int, ftrace_ops_test, struct ftrace_ops *,	\
	      unsigned long, void *)					\
	CALL1(OPTIONAL, struct bpf_link *, bpf_link_get_curr_or_next,	\
	      u32 *)							\
	CALL1(OPTIONAL, long, bpf_link_put, struct bpf_link *)

/* Functions whose address is used: CODE(flag, name). */

/*
 * The entry code of a page fault, and the function that it calls. The first function
 * that a new thread runs.
 */
#define NAMES_ENTRY(CODE)						\
	CODE(NEEDED, asm_exc_page_fault)				\
	CODE(NEEDED, exc_page_fault)					\
	CODE(NEEDED, schedule_tail)

/* A module that calls this is a driver for pmem. */
#define NAMES_DAX_ACCESS(CODE)						\
	CODE(OPTIONAL, dax_direct_access)

/* Where a new thread begins: the stack of a kernel thread ends there. */
#define NAMES_BEGINS(CODE)						\
	CODE(NEEDED, ret_from_fork)					\
	CODE(OPTIONAL, ret_from_fork_asm)

/* Functions that do not return: a thread returns to nothing below them. */
#define NAMES_ENDS(CODE)						\
	CODE(NEEDED, do_exit)						\
	CODE(OPTIONAL, make_task_dead)

/*
 * The kernel's handler of faults on kernel addresses, do_kern_addr_fault(), warns.
 * It is a function of its own, or inlined into its caller, or both.
 */
#define NAMES_WARNERS(CODE)						\
	CODE(NEEDED, exc_page_fault)					\
	CODE(OPTIONAL, do_kern_addr_fault)

/* Functions that read all memory: /proc/kcore and hibernation. */
#define NAMES_DUMPERS(CODE)						\
	CODE(OPTIONAL, read_kcore_iter)					\
	CODE(OPTIONAL, swsusp_save)

/*
 * The kernel's copy routines: their caller is the writer. Which of them a kernel has
 * depends on its version and its configuration.
 */
#define NAMES_COPIES(CODE)						\
	CODE(OPTIONAL, memset)						\
	CODE(OPTIONAL, memset_orig)					\
	CODE(OPTIONAL, memset_erms)					\
	CODE(OPTIONAL, memcpy)						\
	CODE(OPTIONAL, memcpy_orig)					\
	CODE(OPTIONAL, memcpy_erms)					\
	CODE(OPTIONAL, memmove)						\
	CODE(OPTIONAL, copy_page)					\
	CODE(OPTIONAL, copy_page_regs)					\
	CODE(OPTIONAL, clear_page_orig)					\
	CODE(OPTIONAL, clear_page_rep)					\
	CODE(OPTIONAL, clear_page_erms)					\
	CODE(OPTIONAL, __memcpy_flushcache)				\
	CODE(OPTIONAL, _copy_from_iter)					\
	CODE(OPTIONAL, _copy_from_iter_nocache)				\
	CODE(OPTIONAL, _copy_from_iter_flushcache)			\
	CODE(OPTIONAL, copy_user_flushcache)				\
	CODE(OPTIONAL, __copy_user_flushcache)				\
	CODE(OPTIONAL, __copy_user_nocache)				\
	/* The same, in newer kernels. */				\
	CODE(OPTIONAL, copy_to_nontemporal)				\
	CODE(OPTIONAL, rep_movs_alternative)				\
	CODE(OPTIONAL, copy_user_generic_string)			\
	CODE(OPTIONAL, copy_user_generic_unrolled)			\
	CODE(OPTIONAL, copy_user_enhanced_fast_string)			\
	CODE(OPTIONAL, copy_user_short_string)				\
	CODE(OPTIONAL, _copy_from_user)					\
	CODE(OPTIONAL, copy_mc_to_kernel)				\
	CODE(OPTIONAL, copy_mc_fragile)					\
	CODE(OPTIONAL, copy_mc_enhanced_fast_string)			\
	CODE(OPTIONAL, strcpy)						\
	CODE(OPTIONAL, strncpy)						\
	CODE(OPTIONAL, memcpy_and_pad)

/*
 * Functions that are hooked: HOOK(flag, argument, (tails), name, other names). The
 * first name that the kernel has is used. If it has none of them, a copy that the
 * compiler made of one is used (.isra.0 and the like). The tails are functions that
 * the function ends in by a jump. The argument's meaning depends on the file.
 */

/*
 * fault.c: the argument is called first, and returns whether to skip the function.
 */
#define NAMES_FAULT(HOOK)						\
	HOOK(NEEDED, fault_denied, (), "bad_area_nosemaphore")		\
	HOOK(NEEDED, fault_warn, (), "__warn")

/* shield.c */
#define NAMES_SHIELD_ENTER(HOOK)					\
	HOOK(NEEDED, 0, (), "irq_enter_rcu")				\
	HOOK(NEEDED, 0, (), "lock_mm_and_find_vma")
#define NAMES_SHIELD_AROUND(HOOK)					\
	HOOK(NEEDED, 0, (), "handle_softirqs", "__do_softirq")		\
	/* The compiler inlines its first lines into its callers. */	\
	HOOK(NEEDED, 0, (), "nmi_handle.part.0", "nmi_handle")
#define NAMES_SHIELD_IRQ_EXIT(HOOK)					\
	HOOK(NEEDED, 0, (), "irq_exit_rcu")				\
	HOOK(NEEDED, 0, (), "irq_exit")
#define NAMES_SHIELD_SWITCH(HOOK)					\
	HOOK(NEEDED, 0, (), "finish_task_switch")

/*
 * writers.c: the argument is the number of the function's argument that is the
 * destination, or WRITER_SCOPE.
 *
 * hook_settle() sees no frame of dax_copy_from_iter() and dax_recovery_write() on
 * the stack. They end in a jump to the copy (pmem is always DAXDEV_NOCACHE), which
 * nothing else uses. dax_recovery_write() gets there by pmem_recovery_write(), which
 * may sleep before it copies.
 */
#define NAMES_BLOCK_WRITERS(HOOK)					\
	HOOK(NEEDED, 0, (), "__memcpy_flushcache")
#define NAMES_DAX_WRITERS(HOOK)						\
	HOOK(NEEDED, 2, ("_copy_from_iter_flushcache"),			\
	     "dax_copy_from_iter")
#define NAMES_RARE_WRITERS(HOOK)					\
	HOOK(NEEDED, 2, ("_copy_from_iter_flushcache",			\
			 "nd_pmem:pmem_recovery_write"),		\
	     "dax_recovery_write")					\
	HOOK(NEEDED, 4, (), "dax_iomap_copy_around", "dax_iomap_cow_copy") \
	HOOK(NEEDED, WRITER_SCOPE, (), "dax_zero_range")		\
	HOOK(NEEDED, WRITER_SCOPE, (), "dax_truncate_page")		\
	HOOK(NEEDED, WRITER_SCOPE, (), "dax_file_unshare")

/* dm-writecache keeps its metadata in pmem, and stores to it in these functions. */
#define NAMES_WRITECACHE_WRITERS(HOOK)					\
	HOOK(NEEDED, WRITER_SCOPE, (), "dm_writecache:writecache_ctr")	\
	HOOK(NEEDED, WRITER_SCOPE, (), "dm_writecache:writecache_flush") \
	HOOK(NEEDED, WRITER_SCOPE, (), "dm_writecache:writecache_free_entry") \
	HOOK(NEEDED, WRITER_SCOPE, (), "dm_writecache:writecache_map")	\
	HOOK(NEEDED, WRITER_SCOPE, (), "dm_writecache:writecache_resume")

/*
 * dm-pcache, since 6.18, stores positions and generations of 16 bytes by
 * instructions of its own, and zeroes by memset(). The compiler may inline some of
 * these functions. A store in no function of this list is an unknown writer's
 * (unknown.c).
 */
#define NAMES_PCACHE_WRITERS(HOOK)					\
	HOOK(OPTIONAL, WRITER_SCOPE, (), "dm_pcache:cache_dev_start")	\
	HOOK(OPTIONAL, WRITER_SCOPE, (), "dm_pcache:cache_dev_zero_range") \
	HOOK(OPTIONAL, WRITER_SCOPE, (), "dm_pcache:cache_pos_encode")	\
	HOOK(OPTIONAL, WRITER_SCOPE, (), "dm_pcache:cache_seg_ctrl_write") \
	HOOK(OPTIONAL, WRITER_SCOPE, (), "dm_pcache:cache_seg_init")	\
	HOOK(OPTIONAL, WRITER_SCOPE, (), "dm_pcache:cache_seg_put")	\
	HOOK(OPTIONAL, WRITER_SCOPE, (), "dm_pcache:segment_copy_from_bio")

/*
 * KVM writes guest pages at kernel addresses that it keeps without a reference to
 * the pages (gfn_to_pfn_cache), for its clock and for its emulation of Xen.
 */
#define NAMES_KVM_WRITERS(HOOK)						\
	HOOK(NEEDED, WRITER_SCOPE, (), "kvm:kvm_setup_guest_pvclock")	\
	HOOK(OPTIONAL, WRITER_SCOPE, (), "kvm:kvm_xen_inject_pending_events") \
	HOOK(OPTIONAL, WRITER_SCOPE, (), "kvm:kvm_xen_set_evtchn_fast")	\
	HOOK(OPTIONAL, WRITER_SCOPE, (), "kvm:kvm_xen_shared_info_init") \
	HOOK(OPTIONAL, WRITER_SCOPE, (), "kvm:kvm_xen_update_runstate_guest")

/*
 * Not writers: these make a page of 4 KiB or 2 MiB writable for a program. page.c
 * notes the page.
 */
#define NAMES_NOTES(HOOK)						\
	HOOK(NEEDED, WRITER_NOTE_PTE, (), "vmf_insert_mixed_mkwrite")	\
	HOOK(THP, WRITER_NOTE_PMD, (), "vmf_insert_pfn_pmd",		\
	     "vmf_insert_pfn_pmd_prot")

/* alias.c */
#define NAMES_ALIAS(HOOK)						\
	HOOK(NEEDED, 0, (), "__ioremap_caller")				\
	HOOK(OPTIONAL, 0, (), "vmap_pfn")				\
	HOOK(NEEDED, 0, (), "vmap")					\
	HOOK(NEEDED, 0, (), "remove_vm_area")

/* pmem.c */
#define NAMES_PMEM(HOOK)						\
	HOOK(NEEDED, 0, (), "memremap_pages")				\
	HOOK(NEEDED, 0, (), "devm_memremap")				\
	HOOK(NEEDED, 0, (), "memunmap_pages")				\
	HOOK(NEEDED, 0, (), "devm_memremap_release")

#endif /* PMEM_PKS_NAMES_H */
