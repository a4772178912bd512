# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="strict: a stray write in a hardirq is a panic, and after a boot the bytes are as they were"
PMEM="64M 64M"
EXPECT=$an_oops
PANIC="Fatal exception in interrupt"

test() {
	strict_panics hardirq
}

test_next_boot() {
	same_as_remembered
	check "the namespace is ready for use" mkfs.ext4 -q -b 4096 /dev/pmem0
}
