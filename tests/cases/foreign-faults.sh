# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="faults that are not the module's end as they would without it"
PMEM=192M
EXPECT=$an_oops
TAINT=128

test() {
	local place died=0

	fsdax_namespace
	load
	load_stray
	check "user space's faults, memory keys and bad pointers" /bed/faults
	equal "none of them is counted" "$(strays)" 0

	# relaxed must not let a write to read-only kernel text through
	place=0x$(sed -n 's/^ *\([0-9a-f]*\)-.*Kernel code$/\1/p' /proc/iomem)
	place=$((place + 0x200000))
	before=$(peek $place 8)
	stray_writes $place 8 thread 1 || died=$?
	refuse "a write to kernel text kills the offender" [ $died = 0 ]
	equal "and changes nothing" "$(peek $place 8)" "$before"
	equal "and is not counted" "$(strays)" 0
	caught "a stray write is caught afterwards" namespace0.0
}
