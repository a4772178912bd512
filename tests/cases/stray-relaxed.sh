# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="relaxed: every stray write, from any context, is counted once, reported and let through"
PMEM=256M

test() {
	local all place offset

	fsdax_namespace
	echo 1 >/proc/sys/kernel/panic_on_warn
	load fault_mode=relaxed
	load_stray
	counted_from_each_context namespace0.0 pmem0

	# past the rate limit of the log
	sleep 6
	place=$(($(data_start pmem0) + 0x123458))
	offset=$(printf '0x%x' $((place - $(range_start namespace0.0))))
	dmesg -c >&2
	stray_writes namespace0.0+$offset 8 thread 1
	equal "a write that is let through is there" "$(peek $place 8)" 5354524159000000
	matches "one line tells namespace, offset, writer, task and CPU" "$(dmesg)" \
		"pmem_pks: stray write to namespace0\.0\+$offset by [a-z_0-9.]+\+0x[0-9a-f]+(/0x[0-9a-f]+)? \[pmem_pks_stray\],? task [^ ]+:[0-9]+,? CPU [0-9]+"
	equal "and is the only line" "$(logged .)" 1
	matches "last_stray tells the same" "$(<$namespaces/namespace0.0/last_stray)" "$offset"

	all=$(strays)
	stray_writes $place 4096 string 3000
	equal "a repeated string instruction counts once" $(($(strays) - all)) 1
	equal "and is let through as a whole" "$(peek $place 3008 | sed 's/^\(5a\)*//' | wc -c)" 17
}
