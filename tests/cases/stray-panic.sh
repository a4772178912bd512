# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="panic: the first stray write to that namespace is a panic that says why, and the bytes are as they were"
PMEM="64M 64M"
EXPECT="Call Trace:"
PANIC="stray write to namespace0\.0"
LAST_WORDS="pmem_pks: stray write to namespace0\.0\+0x[0-9a-f]+ by .*, denied"

test() {
	local store

	fsdax_namespace
	fsdax_namespace namespace1.0
	dd if=/dev/urandom of=/dev/pmem0 bs=1M conv=fsync status=none || true
	load
	load_stray
	remember_digest
	echo panic >$namespaces/namespace0.0/fault_mode
	equal "panic is said" "$(<$namespaces/namespace0.0/fault_mode)" panic
	# More of them than the log has lines in five seconds
	for store in mov1 mov2 mov4 mov8 movnti or add xchg xadd cmpxchg movs stos; do
		stray_writes $(($(range_end namespace1.0) - 7)) 8 thread 1 $store
	done
	equal "the other namespace is still relaxed" "$(strays namespace1.0)" 12
	panics thread
}

test_next_boot() {
	same_as_remembered
}
