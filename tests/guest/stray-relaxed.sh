# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="relaxed: every stray write, from any context, is counted once, reported and let through"
PMEM=256M

test() {
	local context all here place offset

	fsdax_namespace
	echo 1 >/proc/sys/kernel/panic_on_warn
	load fault_mode=relaxed
	load_stray
	for context in thread kthread softirq hardirq ipi; do
		all=$(strays)
		here=$(strays namespace0.0)
		wild_writes namespace0.0 pmem0 $context 1000
		soon 10 stray_count_is 1000 || true
		equal "$context: 1000 writes return" "$(stray_done)" 1000
		equal "$context: 1000 are counted in all" $(($(strays) - all)) 1000
		equal "$context: 1000 are counted for the namespace" \
			$(($(strays namespace0.0) - here)) 1000
		check "$context: every CPU is closed afterwards" closed_on_every_cpu namespace0.0
		check "$context: every leaf has its key afterwards" wholly_keyed namespace0.0
	done

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
	matches "last_stray tells the same" "$(cat $namespaces/namespace0.0/last_stray)" "$offset"

	all=$(strays)
	stray_writes $place 4096 string 3000
	equal "a repeated string instruction counts once" $(($(strays) - all)) 1
	equal "and is let through as a whole" "$(peek $place 3008 | sed 's/^\(5a\)*//' | wc -c)" 17
}

stray_count_is() {
	[ "$(stray_done)" = "$1" ]
}
