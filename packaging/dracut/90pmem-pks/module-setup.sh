#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# dracut: persistent memory is protected before a filesystem on it is mounted. The module
# is in the image if pmem-pks.service is enabled, or if it is asked for by add_dracutmodules.
# shellcheck disable=SC2154 # dracut's variables

# The module of the kernel that the image is for
pmem_pks_module() {
	find "$srcmods" -name 'pmem_pks.ko*' -print -quit 2>/dev/null
}

check() {
	local namespaces=(/sys/bus/nd/devices/namespace*)

	# A dump is no place for it: it reads what has crashed
	[[ ${IN_KDUMP:-} != 1 && " ${add_dracutmodules:-} " != *" kdumpbase "* ]] || return 1
	require_binaries ndctl-pks modprobe || return 1
	if [[ -z $(pmem_pks_module) ]]; then
		dwarning "pmem-pks: kernel $kernel has no module pmem_pks: its pmem is not protected"
		return 1
	fi
	[[ -e ${dracutsysrootdir:-}/etc/systemd/system/sysinit.target.wants/pmem-pks.service ]] || return 255
	[[ -z $hostonly || -e ${namespaces[0]} ]] || return 255
}

depends() {
	return 0
}

installkernel() {
	hostonly='' instmods pmem_pks nfit nd_pmem nd_btt nd_e820 virtio_pmem
}

install() {
	inst_multiple ndctl-pks modprobe
	inst_multiple -o /etc/pmem-pks.conf.d/*.conf /{etc,usr/local/lib,usr/lib,lib}/modprobe.d/pmem-pks.conf
	inst_rules 60-pmem-pks.rules
	inst_hook pre-trigger 10 "$moddir/pmem-pks-load.sh"
	inst_hook pre-mount 10 "$moddir/pmem-pks-apply.sh"
}
