# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="rmmod waits for writers that sleep, however many there are and whatever is held up meanwhile"
PMEM=256M
TIMEOUT=330

test() {
	local remover writer all i

	dax_file_to_hold
	files_to_write 21
	load_slow
	# CPU 0, if it is the one that makes records for all
	echo "irq_work_single 12000 grant_refill" >$slow/hold
	remember_hooks
	load
	echo "sleep 15000" >$slow/fault
	taskset 1 /bed/fresh /mnt/fs/21 /dev/pks_slow 1 1 &
	all=($!)
	check "a writer sleeps in the midst of its copy" soon 30 faults_are 1
	soon 3 was_held || true
	slow_writers 17 1 2
	all+=("${writers[@]}")
	check "17 more do on the other CPU" soon 60 faults_are 18
	echo "sleep 45000" >$slow/fault
	for i in 18 19 20; do
		taskset 2 /bed/fresh /mnt/fs/$i /dev/pks_slow 1 1 &
		all+=($!)
	done
	check "and 3 that sleep for longer" soon 60 faults_are 21
	equal "no protection is lost for that" \
		"$(<$pks/fail_open) $(<$namespaces/namespace0.0/protect)" "0 1"

	rmmod pmem_pks &
	remover=$!
	check "the log says for whom rmmod waits" soon 20 is_waiting
	check "rmmod waits" kill -0 $remover
	for writer in "${all[@]}"; do
		check "a write() goes on" wait $writer
	done
	check "and then rmmod is done" wait $remover
	nothing_left_behind
}

is_waiting() {
	[ "$(logged 'pmem_pks: waiting for [0-9]+ thread.* fresh:[0-9]+ is in ')" -ge 1 ]
}
