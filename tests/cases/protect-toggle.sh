# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="a namespace's protection goes off and on at run time, during writes too"
QUICK=1
PMEM="256M 256M"

protect() {
	echo "$1" >$namespaces/namespace0.0/protect
	[ "$(<$namespaces/namespace0.0/protect)" = "$1" ]
}

# flushes_once ON: each CPU flushes its TLB once, whatever the number of leaves
flushes_once() {
	local t=/sys/kernel/tracing

	echo __flush_tlb_all >$t/set_ftrace_filter
	echo function >$t/current_tracer
	protect "$1"
	equal "protect=$1: each CPU flushes its TLB once" \
		"$(grep -o '\[0[0-9]*\].* __flush_tlb_all' $t/trace | cut -c1-5 | sort | xargs)" \
		"[000] [001]"
	echo nop >$t/current_tracer
	echo >$t/set_ftrace_filter
}

# A stray write that nobody counts
uncounted() {
	local before

	before=$(strays)
	stray_writes $(($(range_end namespace0.0) - 7)) 8 thread 1
	equal "$1" "$(stray_done) $(($(strays) - before))" "1 0"
}

test() {
	local round place

	load_stray
	fsdax_namespace
	fsdax_namespace namespace1.0
	load protect=none
	place=$(data_start pmem0)
	equal "loaded with protect=none, it is off" "$(cat $namespaces/*/protect | xargs)" "0 0"
	equal "and the leaf has key 0" "$(leaf_key "$place")" 0
	uncounted "and a stray write isn't counted"
	for round in 1 2 3; do
		protect 1
		equal "$round: on, the leaf has the namespace's key" \
			"$(leaf_key "$place")" "$(<$namespaces/namespace0.0/key)"
		matches "$round: which isn't 0" "$(leaf_key "$place")" '^[1-9][0-5]?$'
		caught "$round: and a stray write is caught" namespace0.0
		protect 0
		equal "$round: off, the leaf has key 0" "$(leaf_key "$place")" 0
		uncounted "$round: and a stray write isn't counted"
	done
	equal "the other namespace stayed off" \
		"$(<$namespaces/namespace1.0/protect) $(leaf_key "$(data_start pmem1)")" "0 0"

	mkfs.ext4 -q -b 4096 /dev/pmem0
	on_pmem pmem0 /mnt/fs ext4 dax=always
	before=$(strays)
	verified_io 12 --ioengine=psync --directory=/mnt/fs >/tmp/fio 2>&1 &
	for ((round = 0; round < 40; round++)); do
		protect $((round % 2))
		sleep 0.2
	done
	protect 1
	check "writes go on during it" wait $!
	equal "without a false alarm" "$(strays)" "$before"
	umount /mnt/fs
	caught "and a stray write is caught afterwards" namespace0.0
	flushes_once 0
	flushes_once 1
	check "the other one goes on by itself" protect_other
	caught "and is protected" namespace1.0
}

protect_other() {
	echo 1 >$namespaces/namespace1.0/protect
}
