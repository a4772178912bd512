# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="NVDIMMs with labels and without, virtio-pmem and memmap= pmem: all are protected, and nothing else"
PMEM=256M
# The second is memory set aside for devdax, and not persistent
CMDLINE="memmap=128M!512M memmap=64M%448M-1+0xefffffff"
QEMU_ARGS="-object memory-backend-memfd,id=bare,size=256M,share=on -device nvdimm,memdev=bare
	-object memory-backend-memfd,id=virtio,size=256M,share=on -device virtio-pmem-pci,memdev=virtio"

# The namespaces of a provider of nvdimm buses
namespaces_of() {
	local bus

	for bus in /sys/bus/nd/devices/ndbus*; do
		[ "$(<"$bus/provider")" != "$1" ] ||
			find "$bus/" -name 'namespace[0-9]*' -type d ! -path '*/block/*' -exec basename {} \; | sort
	done
}

test() {
	local kind map

	modprobe nd_e820
	modprobe virtio_pci
	label_nvdimms
	labels=$(ndctl create-namespace -m fsdax | sed -n 's/^ *"dev":"\(.*\)".*$/\1/p')
	declare -A name=(
		[labels]=$labels
		[no labels]=$(namespaces_of ACPI.NFIT | grep -v "^${labels%.*}\.")
		[virtio-pmem]=$(namespaces_of virtio-pmem)
		[memmap=]=$(namespaces_of e820)
	)
	for kind in "${!name[@]}"; do
		matches "$kind: there is a namespace" "${name[$kind]}" '^namespace[0-9]+\.0$'
	done

	modprobe dax_hmem
	volatile=$(find /sys/bus/dax/devices/ -name 'dax*' -exec basename {} \;)
	daxctl reconfigure-device -m devdax -f "$volatile" >&2 || true
	check "there is devdax that is not pmem" [ -e "/sys/bus/dax/drivers/device_dax/$volatile" ]

	load
	for kind in "virtio-pmem" "memmap="; do
		guarded "$kind, as it comes" "${name[$kind]}"
	done
	for map in dev mem; do
		for kind in "${!name[@]}"; do
			ndctl create-namespace -f -e "${name[$kind]}" -m fsdax -M $map >&2
		done
		as_ndctl_lists "map=$map"
		for kind in "${!name[@]}"; do
			guarded "$kind, map=$map" "${name[$kind]}"
			[ $map = mem ] || written "$kind" "${name[$kind]}"
		done
	done
	unload
	load
	as_ndctl_lists "loaded when they are there"
	for kind in "${!name[@]}"; do
		check "$kind, loaded when it is there: all has its key" wholly_keyed "${name[$kind]}"
	done

	for kind in "${!name[@]}"; do
		ndctl create-namespace -f -e "${name[$kind]}" -m devdax >&2
	done
	as_ndctl_lists "devdax"
	unload
	load
	as_ndctl_lists "devdax, loaded when they are there"
	for kind in "${!name[@]}"; do
		guarded "$kind, devdax" "dax${name[$kind]#namespace}"
	done
}
