# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="strict: a loop device on a DAX file, without direct-io and with it, without one false alarm"
TIMEOUT=360
PMEM=1G

# attach on|off: with direct-io or without
attach() {
	losetup --direct-io="$1" /dev/loop0 /mnt/fs/image
	equal "the loop device is there, direct-io $1" \
		"$(losetup --noheadings --output dio /dev/loop0 | xargs)" \
		"$([ "$1" = on ] && echo 1 || echo 0)"
}

test() {
	local outer=ext4 inner=xfs before

	fsdax_namespace
	modprobe loop
	load fault_mode=strict
	make_fs $outer /dev/pmem0
	on_pmem pmem0 /mnt/fs $outer dax=always
	truncate -s 320M /mnt/fs/image
	attach off
	make_fs $inner /dev/loop0
	on_pmem loop0 /mnt/inner $inner
	brief_life /mnt/inner
	before=$(digest /mnt/inner)
	umount /mnt/inner
	losetup -d /dev/loop0

	echo 3 >/proc/sys/vm/drop_caches
	attach on
	on_pmem loop0 /mnt/inner $inner
	equal "every file is the same by the other way" "$(digest /mnt/inner)" "$before"
	rm /mnt/inner/odd /mnt/inner/mapped
	check "the blocks of deleted files are discarded" fstrim /mnt/inner
	check "random reads and writes by four jobs verify" \
		verified_io 2 --ioengine=psync --directory=/mnt/inner
	same_after_remount loop0 /mnt/inner $inner
	umount /mnt/inner
	check "the inner filesystem is sound" check_fs $inner /dev/loop0
	losetup -d /dev/loop0
	umount /mnt/fs
	check "the outer filesystem is sound" check_fs $outer /dev/pmem0
	no_false_alarm "no write was taken for a stray one"
	check "protected all the while" closed_on_every_cpu namespace0.0
	echo relaxed >$pks/fault_mode
	caught "a stray write is caught afterwards" namespace0.0
}

cleanup() {
	umount /mnt/inner
	losetup -d /dev/loop0
}
