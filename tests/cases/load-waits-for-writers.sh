# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="loading waits for a thread that is in the midst of a write(), and can be given up"
PMEM=256M

test() {
	local holder loader

	dax_file_to_hold
	remember_hooks
	hold_a_write

	insmod /bed/pmem_pks.ko 8>&- &
	loader=$!
	check "loading waits for it" soon 20 is_waiting 1
	kill -TERM $loader
	refuse "loading that is interrupted fails" wait $loader
	nothing_left_behind

	insmod /bed/pmem_pks.ko 8>&- &
	loader=$!
	check "loading waits for it again" soon 20 is_waiting 2
	equal "no key is in its way" "$(leaf_key "$(data_start pmem0)")" 0
	exec 8>&-
	check "the write() goes on" wait $holder
	check "and then the module is loaded" wait $loader
	no_false_alarm "the write was not taken for a stray one"
	check "every CPU is closed" closed_on_every_cpu namespace0.0
	caught "a stray write is caught" namespace0.0
}

is_waiting() {
	[ "$(logged 'pmem_pks: waiting for 1 thread')" = "$1" ]
}
