# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="loading ends while writers come and go, each with a buffer that is slow: it waits for those alone that were there before"
PMEM=256M
PARALLEL=1
TIMEOUT=300

test() {
	local loader before after

	dax_file_to_hold
	files_to_write 8
	load_slow
	echo "sleep 1500" >$slow/fault
	slow_writers 8 1000000
	check "8 writers are at work" soon 20 faults_are 8
	before=$(<$slow/faults)
	insmod /bed/pmem_pks.ko &
	loader=$!
	# 8 writers, of whom each has begun a few more writes at most
	check "loading is done" soon 60 loaded
	after=$(<$slow/faults)
	check "while each writer has done a few writes" [ $((after - before)) -le 80 ]
	say "$((after - before)) writes were begun meanwhile"
	check "insmod ends well" wait $loader
	no_false_alarm "without a false alarm"
	kill "${writers[@]}"
	wait "${writers[@]}" || true
	caught "a stray write is caught" namespace0.0
	rmmod pmem_pks_slow
}

# sysfs says so when the module is live
loaded() {
	[ "$(cat /sys/module/pmem_pks/initstate 2>/dev/null)" = live ]
}
