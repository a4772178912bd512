# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="strict: xfs without DAX and stock btrfs, on one namespace and on two, without one false alarm"
TIMEOUT=360
PMEM="512M 512M"

# A snapshot and a clone, and a checksum of each block read again
life_of_btrfs() {
	local before

	before=$(digest /mnt/fs)
	btrfs subvolume snapshot /mnt/fs /mnt/fs/snapshot >&2
	xfs_io -c "pwrite -q -S 0x7a 12345 67890" /mnt/fs/odd
	equal "a snapshot stays as it was" "$(digest /mnt/fs/snapshot)" "$before"
	btrfs subvolume delete /mnt/fs/snapshot >&2
	check "scrub finds nothing" btrfs scrub start -B /mnt/fs
}

test() {
	fsdax_namespace
	fsdax_namespace namespace1.0
	load fault_mode=strict
	make_fs xfs /dev/pmem0
	on_pmem pmem0 /mnt/fs xfs
	brief_life /mnt/fs
	same_after_remount pmem0 /mnt/fs xfs
	umount /mnt/fs
	check "xfs_repair finds nothing" check_fs xfs /dev/pmem0

	# Metadata twice, data once and compressed
	modprobe btrfs
	mkfs.btrfs -q -f -m raid1 -d raid0 /dev/pmem0 /dev/pmem1
	btrfs device scan
	on_pmem pmem0 /mnt/fs btrfs compress=lzo
	brief_life /mnt/fs
	life_of_btrfs
	same_after_remount pmem0 /mnt/fs btrfs compress=lzo
	umount /mnt/fs
	check "btrfs check finds nothing" check_fs btrfs /dev/pmem0

	no_false_alarm "no write was taken for a stray one"
	check "protected all the while" closed_on_every_cpu namespace0.0 namespace1.0
	echo relaxed >$pks/fault_mode
	caught "a stray write is caught afterwards" namespace0.0
	caught "and to the other one" namespace1.0
}
