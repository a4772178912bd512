# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="strict: a stray write in a hardirq is a panic, and after a boot the bytes are as they were"
PMEM="64M 64M"
EXPECT=$an_oops
PANIC="Fatal exception in interrupt"

test() {
	fsdax_namespace
	dd if=/dev/urandom of=/dev/pmem0 bs=1M conv=fsync status=none || true
	load fault_mode=strict
	load_stray
	remember_digest
	no_false_alarm "no write was taken for a stray one"
	say "the write goes out"
	wild_writes namespace0.0 pmem0 hardirq 1
	sleep 5
	fail "the system goes on after a stray write"
}

test_next_boot() {
	same_as_remembered
	check "the namespace is ready for use" mkfs.ext4 -q -b 4096 /dev/pmem0
}
