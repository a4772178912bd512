# SPDX-License-Identifier: GPL-2.0
#
# In a kernel tree CONFIG_PMEM_PKS decides what is built. Out of tree, where no
# option is set, a module is.

. "$(dirname "$0")/../bed/paths.sh"
. "$bed/verdicts.sh"

# built DIRECTORY [VARIABLE=VALUE...]: what its Kbuild asks for: "obj-m: ... obj-y: ..."
built() {
	make -s -f - srctree="$top" src="$1" obj="$1" "${@:2}" show <<'MAKEFILE'
include $(srctree)/$(src)/Kbuild
show:
	@echo "obj-m:$(obj-m)" "obj-y:$(obj-y)"
MAKEFILE
}

driver=drivers/pmem-pks
same "out of tree: the top asks for a module" "$(built . KBUILD_EXTMOD=x)" "obj-m:$driver/ obj-y:"
same "and so does the driver" "$(built $driver KBUILD_EXTMOD=x)" "obj-m:pmem_pks.o obj-y:"
same "option off: the top asks for nothing" "$(built .)" "obj-m: obj-y:"
same "and nor does the driver" "$(built $driver)" "obj-m: obj-y:"
same "m: the top asks for a module" "$(built . CONFIG_PMEM_PKS=m)" "obj-m:$driver/ obj-y:"
same "and so does the driver" "$(built $driver CONFIG_PMEM_PKS=m)" "obj-m:pmem_pks.o obj-y:"
same "y: the top asks for a built-in driver" "$(built . CONFIG_PMEM_PKS=y)" "obj-m: obj-y:$driver/"
same "and so does the driver" "$(built $driver CONFIG_PMEM_PKS=y)" "obj-m: obj-y:pmem_pks.o"
