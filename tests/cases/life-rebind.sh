# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="drivers that are unbound, bound, removed and loaded again: directories follow, and all that is mapped is protected"
PMEM="256M 256M"

# absent WHAT [NAMESPACE]: of the directories this one is left, and not namespace0.0
absent() {
	equal "$1: its directory is gone" "$(ls $namespaces)" "${2:-}"
	equal "$1: and its leaves" "$(leaf "$fsdax_place")" "level=none key=0"
}

# back WHAT
back() {
	check "$1: both directories are there" soon 10 both_folders
	guarded "$1" namespace0.0
	guarded "$1" dax1.0
}

both_folders() {
	[ "$(ls $namespaces)" = $'dax1.0\nnamespace0.0' ]
}

writer_is_gone() {
	! kill -0 $writer
}

# The device that a driver of the bus "nd" or "dax" has
bound_to() {
	find "/sys/bus/$1/drivers/$2/" -type l -name '[a-z]*[0-9]' -exec basename {} \;
}

test() {
	local device

	ndctl create-namespace -f -e namespace0.0 -m fsdax >&2
	ndctl create-namespace -f -e namespace1.0 -m devdax >&2
	load
	load_stray
	back "loaded"
	fsdax_place=$(range_end namespace0.0)

	device=$(bound_to nd nd_pmem)
	matches "nd_pmem has the device" "$device" '^pfn0'
	echo "$device" >/sys/bus/nd/drivers/nd_pmem/unbind
	absent "nd_pmem unbound" dax1.0
	echo "$device" >/sys/bus/nd/drivers/nd_pmem/bind
	back "nd_pmem bound"

	device=$(bound_to dax device_dax)
	echo "$device" >/sys/bus/dax/drivers/device_dax/unbind
	equal "device_dax unbound: its directory is gone" "$(ls $namespaces)" namespace0.0
	echo "$device" >/sys/bus/dax/drivers/device_dax/bind
	back "device_dax bound"

	daxctl disable-device dax1.0 >&2
	equal "dax1.0 disabled: its directory is gone" "$(ls $namespaces)" namespace0.0
	# The kernel has the region of a namespace "static"
	refuse "the size of a DAX device of pmem can't be changed" \
		daxctl reconfigure-device -s 128M dax1.0
	daxctl enable-device dax1.0 >&2
	back "dax1.0 enabled"

	ndctl disable-region all >&2
	absent "regions disabled"
	ndctl enable-region all >&2
	back "regions enabled"

	echo 0 >$namespaces/namespace0.0/protect
	rmmod nd_pmem
	absent "nd_pmem removed" dax1.0
	modprobe nd_pmem
	back "nd_pmem loaded"

	rmmod dax_pmem
	rmmod device_dax
	equal "dax_pmem and device_dax removed: their directory is gone" \
		"$(ls $namespaces)" namespace0.0
	modprobe dax_pmem
	modprobe device_dax
	back "dax_pmem and device_dax loaded"

	# An enabled region holds the driver of its bus
	ndctl disable-region all >&2
	rmmod nd_pmem dax_pmem device_dax nd_btt nfit virtio_pmem nd_virtio libnvdimm
	refuse "all drivers are removed" [ -d /sys/module/libnvdimm ]
	absent "all drivers removed"
	modprobe nfit
	modprobe nd_pmem
	modprobe dax_pmem
	modprobe device_dax
	back "all drivers loaded"

	mkfs.ext4 -q -b 4096 /dev/pmem0
	on_pmem pmem0 /mnt/fs ext4 dax=always
	all=$(strays)
	device=$(bound_to nd nd_pmem)
	(while echo x; do :; done >/mnt/fs/file) 2>/dev/null &
	writer=$!
	check "a file grows" soon 10 [ -s /mnt/fs/file ]
	echo "$device" >/sys/bus/nd/drivers/nd_pmem/unbind
	absent "unbound under a writer" dax1.0
	soon 10 writer_is_gone || kill $writer
	wait $writer || true
	umount /mnt/fs
	equal "unbound under a writer: no write was taken for a stray one" "$(strays)" "$all"
	echo "$device" >/sys/bus/nd/drivers/nd_pmem/bind
	back "bound after that"
}
