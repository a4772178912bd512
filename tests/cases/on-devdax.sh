# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="strict: device-dax is mapped by programs and is a KVM guest's memory, without one false alarm"
QUICK=1
PMEM="256M 128M"

test() {
	local guest

	ndctl create-namespace -f -e namespace0.0 -m devdax >&2
	fsdax_namespace namespace1.0
	modprobe kvm_amd
	load fault_mode=strict
	check "a program and its child write and read it" /bed/device /dev/dax0.0 64 11
	check "it is there for a later one, and for O_DIRECT to copy from" \
		/bed/device /dev/dax0.0 64 11 /dev/pmem1
	check "it is the memory of a guest with two CPUs" /bed/vm /dev/dax0.0 48
	check "and of one that has KVM's clock in it, which KVM writes" /bed/vm /dev/dax0.0 8 clock
	refuse "which was seen" grep 'kvm_setup_guest_pvclock 0' $pks_debug/writers
	no_false_alarm "no write was taken for a stray one"
	check "protected all the while" closed_on_every_cpu dax0.0 namespace1.0

	echo relaxed >$pks/fault_mode
	/bed/vm /dev/dax0.0 64 &
	guest=$!
	caught "a stray write while a guest runs is caught" dax0.0
	check "and the guest goes on" wait $guest
	caught "a stray write is caught afterwards" dax0.0
}
