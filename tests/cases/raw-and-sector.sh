# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="raw and sector (BTT) namespaces, which have no struct page, are protected in their own mapping"
PMEM="512M 512M"
EXPECT=$an_oops
TAINT=128

test() {
	# One is there when the module comes, the other one comes then
	ndctl create-namespace -f -e namespace0.0 -m raw >&2
	load
	ndctl create-namespace -f -e namespace1.0 -m sector >&2
	equal "both have directories, by the names that ndctl lists" "$(cd $namespaces && echo *)" \
		"namespace0.0 namespace1.0"
	works_and_is_protected raw namespace0.0 pmem0
	works_and_is_protected sector namespace1.0 pmem1s

	unload
	load
	equal "loaded again, it finds both" "$(cd $namespaces && echo *)" "namespace0.0 namespace1.0"
	caught_and_denied "the raw one is protected" namespace0.0
	caught_and_denied "the sector one is protected" namespace1.0

	ndctl create-namespace -f -e namespace0.0 -m sector -l 512 >&2
	ndctl create-namespace -f -e namespace1.0 -m raw >&2
	works_and_is_protected "sector made of raw" namespace0.0 pmem0s
	works_and_is_protected "raw made of sector" namespace1.0 pmem1
	ndctl create-namespace -f -e namespace0.0 -m fsdax >&2
	equal "fsdax made of sector is one of the direct map" "$(mapped_at "$(range_end namespace0.0)")" \
		"$(range_end namespace0.0)"
	caught_and_denied "and protected" namespace0.0
	ndctl disable-namespace all >&2
	equal "disabled, none has a directory" "$(ls $namespaces)" ""
	equal "and nothing of them is mapped" "$(mapped "$data_of_pmem1")" ""
}

# works_and_is_protected WHAT NAMESPACE DISK
works_and_is_protected() {
	local before

	[ "$3" != pmem1 ] || data_of_pmem1=$(range_start "$2")
	before=$(strays)
	refuse "$1: is not in the direct map" [ "$(mapped_at "$(range_end "$2")")" = "$(range_end "$2")" ]
	check "$1: every leaf has the key" wholly_keyed "$2"
	check "$1: random reads and writes verify" \
		verified_io 2 --ioengine=psync --direct=1 --filename="/dev/$3" --size=32M \
			--offset_increment=32M
	mkfs.ext4 -q -F "/dev/$3"
	on_pmem "$3" /mnt/fs ext4
	check "$1: and on a filesystem" verified_io 2 --ioengine=psync --directory=/mnt/fs
	umount /mnt/fs
	check "$1: which is in order" e2fsck -fn "/dev/$3"
	equal "$1: no write was taken for a stray one" "$(strays)" "$before"
	caught_and_denied "$1: a stray write is caught" "$2"
	check "$1: and has changed nothing" e2fsck -fn "/dev/$3"
}

# In strict mode the bytes keep what they were
caught_and_denied() {
	local place before

	caught "$1" "$2"
	place=$(mapped_at $(($(range_end "$2") - 7)))
	echo strict >$pks/fault_mode
	before=$(peek "$place" 8)
	stray_writes "$place" 8 thread 1 || true
	equal "$1, and denied in strict mode" "$(stray_done) $(peek "$place" 8)" "0 $before"
	echo relaxed >$pks/fault_mode
}

mapped() {
	grep "phys=0x0*${1#0x} " /proc/vmallocinfo || true
}
