# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="contain: of a million stray writes on two CPUs each is counted, and files go on being verified"
PMEM=256M
TIMEOUT=420

# storm CPUS [INSTRUCTION]
storm() {
	taskset "$1" bash -c 'echo "$1" >"$2"' storm "$place $size thread 500000 $1 ${2:-mov8}" $stray/write
}

test() {
	local all before first second

	fsdax_namespace
	load fault_mode=contain
	load_stray
	mkfs.ext4 -q -b 4096 /dev/pmem0
	on_pmem pmem0 /mnt/fs ext4 dax=always
	dd if=/dev/urandom of=/mnt/fs/still bs=1M count=32 conv=fsync status=none
	before=$(digest /mnt/fs/still)
	place=$(data_start pmem0)
	size=$(($(range_end namespace0.0) - place + 1))
	dmesg -c >&2
	stray_done_before=$(<$stray/done)

	storm 1 &
	first=$!
	storm 2 xchg &
	second=$!
	while kill -0 $first || kill -0 $second; do
		check "files on it are written and verified while it rages" \
			verified_io 1 --ioengine=psync --directory=/mnt/fs --size=2M
	done 2>/dev/null
	check "it ends on one CPU" wait $first
	check "and on the other" wait $second
	equal "a million writes return" "$(stray_done)" 1000000
	equal "a million are counted, in all and for the namespace" \
		"$(strays) $(strays namespace0.0)" "1000000 1000000"
	equal "a million are in the records, and these are two" \
		"$(jq -s 'length, (map(.count) | add)' $pks_debug/log.json | xargs)" "2 1000000"
	check "the log tells how many it does not tell of" soon 20 all_are_told
	all=$(dmesg | grep -c 'pmem_pks: ')
	check "and is short ($all lines)" [ "$all" -lt 100 ]
	umount /mnt/fs
	check "the filesystem is sound" check_fs ext4 /dev/pmem0
	on_pmem pmem0 /mnt/fs ext4 dax=always
	equal "every byte of a file is as it was" "$(digest /mnt/fs/still)" "$before"
	check "every CPU is closed" closed_on_every_cpu namespace0.0
}

all_are_told() {
	[ "$(dmesg | awk '/pmem_pks: stray write/ { n++ }
		/more stray accesses were not logged/ { n += $(NF - 6) }
		END { print n }')" = 1000000 ]
}

cleanup() {
	umount /mnt/fs
}
