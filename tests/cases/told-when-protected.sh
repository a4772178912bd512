# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="a namespace that comes is told of when it is protected, so that a rule of udev has the last word"
PMEM=128M

test() {
	local device udevadm dax=/sys/bus/dax/drivers/device_dax

	ndctl create-namespace -f -e namespace0.0 -m devdax >&2
	load
	load_slow
	udevadm monitor --kernel --property --subsystem-match=pmem_pks >/tmp/uevents &
	udevadm=$!
	check "udevadm listens" soon 10 grep -q '^KERNEL' /tmp/uevents
	device=$(basename $dax/dax0.*)
	echo "$device" >$dax/unbind
	# Its leaves are looked at after it has a directory, and before it is protected
	echo "lookup_address 2000 bash" >$slow/hold
	echo "$device" >$dax/bind &
	check "it is told of" soon 20 grep -q '^ACTION=add' /tmp/uevents
	equal "and is protected by then" "$(<$namespaces/$device/protect)" 1
	check "it was held up before" was_held
	wait $!
	kill $udevadm
	guarded "bound" "$device"
	rmmod pmem_pks_slow
}
