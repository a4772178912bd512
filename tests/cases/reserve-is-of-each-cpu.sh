# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="no number of writers that sleep switches protection off: not while a CPU is held up, not 10,000"
PMEM=512M
MEMORY=2G
TIMEOUT=600

test() {
	local writer

	dax_file_to_hold
	files_to_write 25
	load fault_mode=contain
	load_slow
	echo "irq_work_single 5000 grant_refill" >$slow/hold
	echo "sleep 1500" >$slow/fault
	taskset 1 /bed/fresh /mnt/fs/25 /dev/pks_slow 1 1 &
	writer=$!
	soon 3 was_held || true
	slow_writers 24 1 2
	for writer in $writer "${writers[@]}"; do
		wait $writer
	done
	equal "24 writers that fault on a CPU while the other one is held up" \
		"$(<$pks/fail_open) $(<$namespaces/namespace0.0/protect)" "0 1"
	rmmod pmem_pks_slow

	mkdir /mnt/fs/many
	HOLD_TIME=300
	hold "10,000 threads sleep in the midst of their writes" /bed/sleepers /mnt/fs/many 10000
	equal "the namespace is protected as ever" \
		"$(<$pks/fail_open) $(<$namespaces/namespace0.0/protect)" "0 1"
	check "every CPU is closed" closed_on_every_cpu namespace0.0
	no_false_alarm "no write is taken for a stray one"
	caught "a stray write is caught" namespace0.0
	exec 8>&-
	check "each page arrives" wait $holder
	equal "nothing else was stray" "$(strays)" 1
	umount /mnt/fs
}
