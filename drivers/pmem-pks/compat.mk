# SPDX-License-Identifier: GPL-2.0
#
# What this kernel has, for compat.h, whoever includes that: -DPKS_HAVE_<name>
# for each $(call pks-have,name,header,text in it).

pks-have = $(if $(shell grep -s '$(3)' $(srctree)/include/linux/$(2)), \
		-DPKS_HAVE_$(1))
ccflags-y += $(call pks-have,SYSCORE,syscore_ops.h,struct syscore {)
ccflags-y += $(call pks-have,CONST_UEVENT,kobject.h,name..const struct kobject)
ccflags-y += $(call pks-have,MODULE_MEMORY,module.h,struct module_memory {)
ccflags-y += $(call pks-have,DIRECT_MULTI,ftrace.h,int register_ftrace_direct_multi)
ccflags-y += $(call pks-have,DAX_COUNT_FROM_1,mm.h,bool put_devmap_managed_[a-z]*_refs)
ccflags-y += $(call pks-have,DAX_COUNT_FROM_0,mm.h,vm_fault_t vmf_insert_page_mkwrite)
