# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="insmod and rmmod 20 times during writes: nothing is left behind, no write goes wrong"
PMEM=256M
TIMEOUT=400

# With pauses, or the grace periods of loading and removing take minutes
write_until_told() {
	until [ -e /tmp/enough ]; do
		verified_io 5 --ioengine=psync --directory=/mnt/fs \
			--numjobs=2 --thinktime=4000 --thinktime_blocks=8 || return
	done >/tmp/fio 2>&1
}

test() {
	local round io

	load_stray
	fsdax_namespace
	mkfs.ext4 -q -b 4096 /dev/pmem0
	on_pmem pmem0 /mnt/fs ext4 dax=always
	write_until_told &
	io=$!
	sleep 2
	for ((round = 1; round <= 20; round++)); do
		load
		matches "$round: the leaf has a key while loaded" \
			"$(leaf_key "$(data_start pmem0)")" '^[1-9][0-5]?$'
		no_false_alarm "$round: no write was taken for a stray one"
		unload
		nothing_left_behind
		kill -0 $io
	done
	touch /tmp/enough
	check "fio verified all the while" wait $io
	load
	no_false_alarm "loaded once more, there is no false alarm"
	umount /mnt/fs
	caught "and a stray write is caught" namespace0.0
}
