# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="Debian's ext4, built unchanged with this project's headers, works beside the module, with -o dax and without"
FILESYSTEMS=ext4
TIMEOUT=360
PMEM=512M

test() {
	local option

	fsdax_namespace
	load
	load_built ext4
	for option in dax=never dax=always; do
		mkfs.ext4 -q -F -b 4096 /dev/pmem0
		on_pmem pmem0 /mnt/fs ext4 $option
		check "$option: the mount is the built one's" [ "$(</sys/module/ext4/refcnt)" -gt 0 ]
		short_life /mnt/fs
		same_after_remount pmem0 /mnt/fs ext4 $option
		umount /mnt/fs
		check "$option: fsck finds nothing" e2fsck -fn /dev/pmem0
	done
	no_false_alarm "no write was taken for a stray one"
	check "protected all the while" closed_on_every_cpu namespace0.0
	caught "a stray write is caught afterwards" namespace0.0
	rmmod ext4
	check "and pmem_pks after it" unload
}
