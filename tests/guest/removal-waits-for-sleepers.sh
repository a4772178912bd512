# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="rmmod waits for writers that sleep, however many there are and whatever is held up meanwhile"
PMEM=256M
TIMEOUT=330

test() {
	local remover writer

	dax_file_to_hold
	files_to_write 20
	remember_hooks
	load
	load_slow
	# The CPU that fills up the reserve of records, if that is one for all
	echo "irq_work_single 12000 grant_refill" >$slow/hold
	echo "sleep 30000" >$slow/fault
	slow_writers 20 1 2
	check "20 writers sleep in the midst of their copies" soon 60 faults_are 20
	equal "no protection is lost for that" \
		"$(<$pks/fail_open) $(<$namespaces/namespace0.0/protect)" "0 1"

	rmmod pmem_pks &
	remover=$!
	check "the log says for whom rmmod waits" soon 20 is_waiting
	check "rmmod waits" kill -0 $remover
	for writer in "${writers[@]}"; do
		check "a write() goes on" wait $writer
	done
	check "and then rmmod is done" wait $remover
	nothing_left_behind
	rmmod pmem_pks_slow
}

is_waiting() {
	[ "$(logged 'pmem_pks: waiting for [0-9]+ thread.* fresh:[0-9]+ is in ')" -ge 1 ]
}
