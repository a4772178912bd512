#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Before udev finds the namespaces: load the module, which protects them as they come. A
# failure never stops the boot.

command -v getarg >/dev/null || . /lib/dracut-lib.sh

pmem_pks_load() {
	file=/run/pmem-pks.conf.d/90-command-line.conf
	mode=$(getarg rd.pmem_pks.mode=)
	if [ -n "$mode" ]; then
		mkdir -p "${file%/*}"
		echo "mode = $mode" >"$file"
		ndctl-pks config --parameters >/dev/null || rm -f "$file"
	fi
	modprobe pmem_pks || warn "pmem-pks: the module is not loaded: persistent memory is not protected"
}

if getargbool 1 rd.pmem_pks && ! getarg nopmem_pks >/dev/null && [ ! -e /proc/vmcore ]; then
	pmem_pks_load
fi
