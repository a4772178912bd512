# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="contain: a page whose first write was under way when the module was loaded may be pinned and written afterwards"
PMEM=128M

test() {
	local mapper sectors

	fsdax_namespace
	modprobe dm_mod
	modprobe brd rd_nr=1 rd_size=8192
	export DM_DISABLE_UDEV=1
	sectors=$(</sys/block/pmem0/size)
	dmsetup create slow --table "0 $((sectors / 4096 * 4096)) linear /dev/pmem0 0"
	dmsetup mknodes
	mkfs.ext4 -q -b 4096 /dev/mapper/slow
	mkdir -p /mnt/fs
	mount -t ext4 -o dax=always /dev/mapper/slow /mnt/fs
	truncate -s 4M /mnt/fs/mapped
	sync
	mkfifo /tmp/lines
	/bed/underway /mnt/fs/mapped /dev/ram0 </tmp/lines >/tmp/said &
	mapper=$!
	exec 9>/tmp/lines
	check "a file is mapped" soon 10 grep -q mapped /tmp/said
	# The block that the fault is to have is zeroed by a bio, which has to wait
	dmsetup suspend --noflush --nolockfs slow
	echo >&9
	check "its first write is under way" soon 10 grep -q dax_iomap /proc/$mapper/stack
	load fault_mode=contain 9>&-
	dmsetup resume slow
	check "it is done" soon 10 grep -q faulted /tmp/said
	echo >&9
	check "O_DIRECT reads into that page" wait $mapper
	exec 9>&-
	no_false_alarm "which is no stray write"
	check "but a pinned one" [ "$(<$pks/pinned_writes)" -ge 1 ]
}

cleanup() {
	dmsetup resume slow
	umount /mnt/fs
	dmsetup remove_all --force
}
