# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="ext4 without DAX, through the block layer, without one false alarm"
TIMEOUT=360
PMEM=512M

test() {
	fsdax_namespace
	load
	mkfs.ext4 -q -b 4096 /dev/pmem0
	on_pmem pmem0 /mnt/fs ext4
	every_way_of_writing /mnt/fs
	same_after_remount pmem0 /mnt/fs ext4
	umount /mnt/fs
	check "fsck finds nothing" e2fsck -fn /dev/pmem0
	no_false_alarm "no write was taken for a stray one"
	check "protected all the while" closed_on_every_cpu namespace0.0
	caught "a stray write is caught afterwards" namespace0.0
}
