# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="fsdax and devdax, each map and alignment, several in a region and in several: leaves of 2 MiB and 1 GiB have the key"
PMEM="4G 256M"

# created REGION SIZE MODE [ARGUMENT...]: prints the name
created() {
	local region=$1 size=$2

	shift 2
	ndctl create-namespace -r "$region" -s "$size" -m "$@" | tee /dev/stderr |
		sed -n 's/^.*"\(chardev\|dev\)":"\([^"]*\)".*$/\2/p' | tail -n 1
}

# The leaves that the kernel makes of a range: as large as alignment allows
leaves_of() {
	local place end large=0 huge=0

	place=$(range_start "$1")
	end=$(($(range_end "$1") + 1))
	while ((place < end)); do
		if ((place % (1 << 30) == 0 && end - place >= 1 << 30)); then
			huge=$((huge + 1))
			((place += 1 << 30))
		else
			large=$((large + 1))
			((place += 2 << 20))
		fi
	done
	echo "4k=0 2m=$large 1g=$huge"
}

# whole WHAT NAMESPACE LEAVES
whole() {
	matches "$1: there are the leaves" "$(grep "^$2 " $pks_debug/leaves)" " $3$"
	equal "$1: and no others" "$(leaves_of "$2")" "$3"
	guarded "$1" "$2"
}

# 2304 MiB from a GiB boundary on, and 128 MiB more beside it and in the other
# region
kind() {
	local what=$* first beside other

	first=$(created region0 2304M "$@")
	beside=$(created region0 128M "$@")
	other=$(created region1 128M "$@")
	as_ndctl_lists "$what"
	equal "$what: three keys" "$(cat $namespaces/*/key | sort -u | wc -l)" 3
	whole "$what" "$first" "4k=0 2m=128 1g=2"
	whole "$what, beside it" "$beside" "4k=0 2m=64 1g=0"
	whole "$what, in another region" "$other" "4k=0 2m=64 1g=0"
	ndctl destroy-namespace -f all >&2
	equal "$what: no folder is left" "$(ls $namespaces)" ""
}

test() {
	local map name

	load
	label_nvdimms
	for map in dev mem; do
		kind fsdax -M $map
		kind devdax -M $map -a 2M
		kind devdax -M $map -a 4K
		name=$(created region0 3G devdax -M $map -a 1G)
		whole "devdax -M $map -a 1G" "$name" "4k=0 2m=0 1g=3"
		ndctl destroy-namespace -f all >&2
	done
}
