# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="an interrupt gets nothing of a grant that is put aside for a page fault of its thread"
PMEM=256M
PARALLEL=1
TIMEOUT=500

test() {
	local place before writer

	dax_file_to_hold
	load fault_mode=contain
	load_stray
	load_slow
	place=$(($(file_start /mnt/fs/held pmem0) + (1 << 20)))
	before=$(strays)
	echo "stray $place" >$slow/fault
	check "20 writes, of 16 page faults each, have an interrupt with a stray write in each" \
		taskset 2 /bed/fresh /mnt/fs/held /dev/pks_slow 16 20
	equal "each is counted" "$(($(strays) - before))" 320
	equal "and dropped" "$(peek $place 8)" 0000000000000000

	echo "at-once" >$slow/fault
	before=$(strays)
	taskset 2 /bed/fresh /mnt/fs/held /dev/pks_slow 16 100000 &
	writer=$!
	(taskset -p 1 $BASHPID >&2; echo "1 3000 $place" >$slow/storm)
	kill $writer
	equal "3,000 stray writes by interrupts of a writer that faults are counted" \
		"$(($(strays) - before))" 3000
	equal "and dropped" "$(peek $place 8)" 0000000000000000
	wait $writer || true
	rmmod pmem_pks_slow
}
