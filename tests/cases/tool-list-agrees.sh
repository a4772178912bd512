# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="ndctl-pks list prints what ndctl list prints, for each kind of namespace, and the member pks"
PMEM="512M 128M"
TIMEOUT=400
CMDLINE="memmap=128M!512M"
QEMU_ARGS="-object memory-backend-memfd,id=bare,size=256M,share=on -device nvdimm,memdev=bare
	-object memory-backend-memfd,id=virtio,size=256M,share=on -device virtio-pmem-pci,memdev=virtio"

# agree OPTION...: both print the same, but for pks; also the order of members
agree() {
	ndctl list "$@" | jq . >/tmp/theirs
	ndctl-pks list "$@" | jq 'walk(if type == "object" then del(.pks) else . end)' >/tmp/ours
	if cmp -s /tmp/theirs /tmp/ours; then
		pass "list $*"
	else
		fail "list $*" "$(diff -U 100 /tmp/theirs /tmp/ours || true)"
	fi
}

namespace() {
	ndctl create-namespace -s 48M "$@" | sed -n 's/^ *"dev":"\(.*\)".*$/\1/p'
}

make_namespaces() {
	local option=(-r "$labelled")

	fsdax=$(namespace "${option[@]}" -m fsdax -n "a / b \"c\"")
	namespace "${option[@]}" -m fsdax -M mem >&2
	devdax=$(namespace "${option[@]}" -m devdax)
	sector=$(namespace "${option[@]}" -m sector)
	raw=$(namespace "${option[@]}" -m raw)
	ndctl disable-namespace "$(namespace "${option[@]}" -m fsdax)" >&2
}

# A region on an NVDIMM with labels
find_labelled() {
	ndctl list -RD | jq -r '.regions[] | select(.mappings[0].dimm == "nmem0") | .dev'
}

test() {
	local options

	modprobe nd_e820
	modprobe virtio_pci
	agree -N
	label_nvdimms
	labelled=$(find_labelled)
	make_namespaces
	while read -r options; do
		# shellcheck disable=SC2086 # words
		agree $options
	done <<-END

		-N
		-R
		-B
		-D
		-X
		-i
		-u
		-Nu
		-NXu
		-Ni
		-RDBN
		-RDBNiu
		-RDBNX
		-RN
		-RNu
		-RNi
		-DN
		-DR
		-DRu
		-BN
		-BR
		-BD
		-BDu
		-m fsdax
		-m devdax
		-m devdax -X
		-m sector
		-m raw
		-m raw -i
		-m memory -R
		-n $fsdax
		-u -n $fsdax
		-X -n $devdax
		-n ${sector#namespace}
		-RN -n $raw
		-BN -n $raw
		-r $labelled
		-N -r ${labelled#region}
		-N -r all
		-Ru -r $labelled
		-d nmem0
		-d 0
		-N -d nmem0
		-R -d nmem1
		-RDN -d nmem0
		-b ACPI.NFIT
		-N -b ACPI.NFIT
		-b e820
		-BN -b virtio-pmem
		-N -b ndbus0
		-n namespace99.0
		-r region99
		-R -r region99
		-d nmem99
		-b nothing
		--namespaces --regions --human
		--region=$labelled --namespaces
	END
	load
	for options in -N -RDBNi -NXu; do
		agree "$options"
	done
	equal "each namespace is protected" "$(ndctl-pks list | jq 'all(.[]; .pks.protected)')" true
}
