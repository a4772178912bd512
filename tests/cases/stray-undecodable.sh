# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="relaxed: where no step is possible, an instruction that is not known opens its namespace, and says so"
PMEM="64M 64M"

test() {
	local context place before

	fsdax_namespace
	fsdax_namespace namespace1.0
	load
	load_stray
	place=$(($(data_start pmem0) + (16 << 20)))

	stray_writes $place 8 thread 3 fnstcw
	equal "in a thread each is counted, and stepped" "$(strays)" 3
	matches "it is there" "$(peek $place 8)" '^[^0]'
	equal "nothing is opened" "$(<$pks/fail_open)" 0

	for context in nmi breakpoint breakpoint-nmi; do
		dd if=/dev/zero of=/dev/pmem0 bs=4096 count=1 seek=4096 oflag=direct status=none
		before=$(strays)
		stray_writes $place 8 $context 1 fnstcw
		equal "$context: it returns, and is counted" "$(stray_done) $(($(strays) - before))" "1 1"
		matches "$context: it is there" "$(peek $place 8)" '^[^0]'
		equal "$context: its namespace is open, the other is not" \
			"$(<$namespaces/namespace0.0/protect) $(<$namespaces/namespace1.0/protect)" "0 1"
		check "$context: the log says so" soon 5 said_open
		echo 1 >$namespaces/namespace0.0/protect
		check "$context: it can be closed again" closed_on_every_cpu namespace0.0 namespace1.0
		stray_writes $place 8 thread 1
		equal "$context: and is watched" "$(($(strays) - before))" 2
	done
	equal "each is counted" "$(<$pks/fail_open)" 3
}

said_open() {
	[ "$(logged "namespace0.0 is unprotected until")" = "$(<$pks/fail_open)" ]
}
