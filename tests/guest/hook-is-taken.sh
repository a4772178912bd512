# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="a function that can't be hooked fails the load with its name, and nothing is left"
PMEM=192M

test() {
	local function status

	fsdax_namespace
	modprobe dm_writecache
	modprobe kvm_amd
	remember_hooks
	for function in bad_area_nosemaphore __warn __memcpy_flushcache \
			dax_zero_range memunmap_pages devm_memremap_release \
			dm_writecache:writecache_map kvm:kvm_setup_guest_pvclock; do
		insmod /bed/pmem_pks_stray.ko occupy=${function##*:}
		dmesg -c >/dev/null
		status=0
		load || status=$?
		refuse "$function: loading fails" [ $status = 0 ]
		matches "$function: the log names it" "$(dmesg)" \
			"pmem_pks: cannot hook $function "
		refuse "$function: no module is left" [ -d /sys/module/pmem_pks ]
		rmmod pmem_pks_stray
		nothing_left_behind
		rmmod pmem_pks_stray
	done
	load
	caught "with the functions free again, a stray write is caught" namespace0.0
}
