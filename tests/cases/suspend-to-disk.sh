# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="after suspend to disk and resume every CPU is protected as before, and a mounted filesystem goes on"
PMEM="256M 768M"

test() {
	fsdax_namespace
	mkfs.ext4 -q -b 4096 /dev/pmem0
	load
	on_pmem pmem0 /mnt/fs ext4 dax=always
	check "blocks are written" lasting_io /mnt/fs
	mkswap /dev/pmem1
	swapon /dev/pmem1
	echo 0 >/sys/power/image_size
	echo reboot >/sys/power/disk
	sync
	# Of this boot. What follows is said in the next one.
	echo end >&3
	echo disk >/sys/power/state

	pass "it has come back"
	check "every CPU is protected" closed_on_every_cpu namespace0.0 namespace1.0
	check "the leaves have their key" wholly_keyed namespace0.0
	swapoff /dev/pmem1
	check "the blocks are there" lasting_io /mnt/fs --verify_only
	check "files are written as ever" \
		verified_io 1 --ioengine=psync --directory=/mnt/fs --size=2M
	umount /mnt/fs
	no_false_alarm "no write was taken for a stray one, the image's neither"
	for cpu in 0 1; do
		caught "a stray write on CPU $cpu is caught" namespace0.0 $cpu
	done
}

test_next_boot() {
	cat /sys/class/block/pmem1/dev >/sys/power/resume
	fail "the image is resumed from"
}
