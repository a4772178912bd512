# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="an NVDIMM and a virtio-pmem device that come at run time are protected, and so are the others when one goes"
PMEM=256M
MONITOR=1
QEMU_ARGS="-device pcie-root-port,id=socket,chassis=1"

# plugged WHAT DEVICE MEMORY: an nvdimm bus has another namespace then; sets $new
plugged() {
	before=$(nd_namespaces)
	check "$1: there is memory for it" \
		qemu "object_add memory-backend-memfd,id=$3,size=256M,share=on"
	check "$1 is plugged in" qemu "device_add $2,memdev=$3"
	check "$1 has a namespace" soon 20 another
	new=$(nd_namespaces | grep -vxF "$before")
}

another() {
	[ "$(nd_namespaces)" != "$before" ]
}

# Those that have a size
nd_namespaces() {
	grep -L '^0$' /sys/bus/nd/devices/namespace*/size | cut -d/ -f6 | sort
}

test() {
	local nvdimm virtio slot

	modprobe virtio_pci
	fsdax_namespace
	load

	plugged "an NVDIMM" nvdimm,id=late late
	nvdimm=$new
	fsdax_namespace "$nvdimm"
	as_ndctl_lists "an NVDIMM"
	guarded "an NVDIMM" "$nvdimm"
	written "an NVDIMM" "$nvdimm"

	plugged "a virtio-pmem device" virtio-pmem-pci,id=later,bus=socket later
	virtio=$new
	guarded "a virtio-pmem device, as it comes" "$virtio"
	fsdax_namespace "$virtio"
	as_ndctl_lists "a virtio-pmem device"
	guarded "a virtio-pmem device" "$virtio"
	written "a virtio-pmem device" "$virtio"
	guarded "the one that was there before" namespace0.0

	# QEMU 7.2 unplugs neither kind of pmem. This is what is done in the guest.
	slot=$(basename "$(dirname "$(readlink -f /sys/bus/virtio/drivers/virtio_pmem/virtio*)")")
	echo 1 >"/sys/bus/pci/devices/$slot/remove"
	refuse "the virtio-pmem device is gone, and its directory" [ -e "$namespaces/$virtio" ]
	guarded "without it" "$nvdimm"
	before=$(nd_namespaces)
	echo 1 >/sys/bus/pci/rescan
	check "it is found again" soon 20 another
	new=$(nd_namespaces | grep -vxF "$before")
	check "it has its directory" soon 10 [ -e "$namespaces/$new" ]
	guarded "found again" "$new"

	echo ACPI0012:00 >/sys/bus/acpi/drivers/nfit/unbind
	equal "without the NVDIMMs only it has a directory" "$(ls $namespaces)" "$new"
	guarded "without the NVDIMMs" "$new"
	before=$(nd_namespaces)
	echo ACPI0012:00 >/sys/bus/acpi/drivers/nfit/bind
	check "the NVDIMMs are found again" soon 20 three_folders
	as_ndctl_lists "found again"
	for new in $(nd_namespaces | grep -vxF "$before"); do
		guarded "found again" "$new"
	done
	# shellcheck disable=SC2046 # words
	check "on every CPU all are closed" closed_on_every_cpu $(ls $namespaces)
}

three_folders() {
	[ "$(ls $namespaces | wc -l)" = 3 ]
}
