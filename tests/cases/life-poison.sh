# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="a machine check's poison in pmem takes one page from the kernel's map, and all the others keep their key"
CPU=max,vendor=GenuineIntel
PMEM=1G
MONITOR=1
# A machine check
TAINT=16
EXPECT="Machine check events logged"

# machine_check PHYSICAL: memory scrubbing found an uncorrected error there. The
# values are SRAO's of the Intel SDM, volume 3B, 16.9.3.
machine_check() {
	qemu mce 0 9 0xbd000000000000c0 0xd "$1" 0x8c
}

leaves() {
	grep "^namespace0.0 " $pks_debug/leaves
}

poisoned() {
	[[ $(leaves) == *" 4k=512 2m=511 1g=0" ]]
}

# neighbours WHAT: strays beside the page, in its 2 MiB and beside those are caught
neighbours() {
	local place before

	before=$(strays namespace0.0)
	for place in $((page - 8)) $((page + 4096)) $((page ^ (1 << 20))) $((page ^ (64 << 20))); do
		stray_writes $place 8 thread 1
	done
	equal "$1: stray writes all around it are caught" \
		"$(($(strays namespace0.0) - before))" 4
}

test() {
	local mapper all

	fsdax_namespace
	mkfs.ext4 -q -b 4096 /dev/pmem0
	load
	load_stray
	on_pmem pmem0 /mnt/fs ext4 dax=always
	dd if=/dev/zero of=/mnt/fs/file bs=1M count=4 conv=fsync status=none
	page=$(($(file_start /mnt/fs/file pmem0) + (1 << 20) + 4096))
	sector=$(((page - $(data_start pmem0)) / 512))

	machine_check $((page + (16 << 20)))
	check "poison that is in no file is known to the disk" \
		soon 10 grep -q "^$((sector + 32768)) 8$" /sys/block/pmem0/badblocks
	matches "and changes no leaf" "$(leaves)" ' 4k=0 2m=0 1g=1$'

	mkfifo /tmp/commands
	xfs_io /mnt/fs/file </tmp/commands >&2 &
	mapper=$!
	exec 8>/tmp/commands
	echo "mmap -rw 0 4m" >&8
	echo "mwrite 0 4m" >&8
	echo "chmod -r" >&8
	check "a program has the file mapped" soon 10 mode_is_set
	machine_check $page
	check "poison that it has mapped makes leaves of 2 MiB and 4 KiB" soon 10 poisoned
	exec 8>&-
	wait $mapper || true
	check "all have the key" wholly_keyed namespace0.0
	check "the disk knows" grep -q "^$sector 8$" /sys/block/pmem0/badblocks
	no_false_alarm "the machine check is no stray write"
	neighbours "poisoned"

	all=$(strays)
	refuse "what was there can't be read" cat /mnt/fs/file
	refuse "QEMU has no way to clear it by writing" \
		dd if=/dev/zero of=/dev/pmem0 bs=512 seek=$sector count=8 oflag=direct conv=notrunc status=none
	check "other files are written as ever" \
		verified_io 1 --ioengine=psync --directory=/mnt/fs --size=2M
	umount /mnt/fs
	equal "without a false alarm" "$(strays)" "$all"

	unload
	equal "after unloading no leaf has a key" \
		"$(leaf_key $((page - 4096))) $(leaf_key $page) $(leaf_key $((page + 4096)))" "0 0 0"
	load
	check "loaded again, all have the key" wholly_keyed namespace0.0
	matches "and are as they were" "$(leaves)" ' 4k=512 2m=511 1g=0$'
	neighbours "loaded again"

	ndctl disable-namespace namespace0.0 >&2
	equal "disabled, what the kernel leaves in its map has no key" "$(leaf_key $page)" 0
	ndctl enable-namespace namespace0.0 >&2
	check "enabled again, all have the key" wholly_keyed namespace0.0
	neighbours "enabled again"
}

mode_is_set() {
	[ "$(stat -c %a /mnt/fs/file)" = 444 ]
}
