# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="a function of a module that can't be hooked keeps nothing from loading, and costs no data"
PMEM=192M

test() {
	fsdax_namespace
	modprobe brd rd_nr=1 rd_size=65536
	export DM_DISABLE_UDEV=1
	modprobe dm_writecache
	modprobe kvm_amd
	remember_hooks
	taken kvm_setup_guest_pvclock
	load
	not_hooked kvm kvm_setup_guest_pvclock
	unload
	rmmod pmem_pks_stray
	remember_hooks
	of_a_module
	of_one_that_comes
	caught "with the functions free again, a stray write is caught" namespace0.0
}

# Keep everybody else from hooking a function
taken() {
	insmod /bed/pmem_pks_stray.ko occupy="$1"
	dmesg -c >/dev/null
}

# not_hooked MODULE FUNCTION: and said so
not_hooked() {
	equal "$1:$2: the log names the function and the module" \
		"$(logged "pmem_pks: cannot hook $1:$2 ") $(logged "pmem_pks: writers of $1 are not hooked")" "1 1"
	matches "$1:$2 is listed so" "$(<$pks_debug/writers)" "$1:$2 0 not-hooked"
}

of_a_module() {
	taken writecache_map
	load fault_mode=contain
	not_hooked dm_writecache writecache_map
	dd if=/dev/zero of=/dev/pmem0 bs=4k count=1 oflag=direct status=none
	make_cache
	equal "what it writes is no stray write" "$(strays)" 0
	kept
	matches "and listed apart" "$(<$pks_debug/unknown_writers)" 'dm_writecache:writecache_[a-z_]+ [1-9]'
	refuse "contain is refused for it" set_mode contain
	refuse "known as it is, it can't be hooked yet" add dm_writecache:writecache_map

	rmmod pmem_pks_stray
	add dm_writecache:writecache_map
	refuse "when it is free it can" grep not-hooked $pks_debug/writers
	equal "none of its functions is unknown then" "$(<$pks/unknown_writers)" ""
	check "and contain is taken" set_mode contain
	kept
	equal "and none becomes so" "$(<$pks/unknown_writers)" ""
	equal "and nothing was stray" "$(strays)" 0
	dmsetup remove cached
	rmmod dm_writecache
}

make_cache() {
	dmsetup create cached --table "0 131072 writecache p /dev/ram0 /dev/pmem0 4096 0"
}

# What is written to the cache is there when it has been made again
kept() {
	dd if=/dev/urandom of=/tmp/random bs=4k count=200 status=none
	dd if=/tmp/random of=/dev/mapper/cached bs=4k oflag=direct conv=fsync status=none
	dmsetup remove cached
	make_cache
	dd if=/dev/mapper/cached of=/tmp/kept bs=4k count=200 iflag=direct status=none
	check "dm-writecache's data and metadata are kept" cmp /tmp/random /tmp/kept
}

set_mode() {
	echo "$1" 2>/dev/null >$pks/fault_mode
}

add() {
	echo "+$1" 2>/dev/null >$pks/writers
}

# A writer that was named before its module came, which has none of that name
of_one_that_comes() {
	local place

	echo relaxed >$pks/fault_mode
	place=$(range_end namespace0.0)
	dmesg -c >/dev/null
	add pmem_pks_writer:writer_of_old
	insmod /bed/pmem_pks_writer.ko
	not_hooked pmem_pks_writer writer_of_old
	echo "itself $((place - 7))" >/sys/kernel/debug/pmem_pks_writer/run
	equal "its store is let through as an unknown writer's" \
		"$(strays) $(<$pks_debug/unknown_writers)" "0 pmem_pks_writer:writer_itself 1"
	echo -pmem_pks_writer:writer_of_old >$pks/writers
	echo "itself $((place - 7))" >/sys/kernel/debug/pmem_pks_writer/run
	equal "until nobody names it a writer" "$(strays)" 1
	rmmod pmem_pks_writer
}

cleanup() {
	dmsetup remove_all --force
}
