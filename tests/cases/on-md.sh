# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="strict: md raid0 and raid1 over two namespaces, with a resync, without one false alarm"
TIMEOUT=360
PMEM="320M 320M"

# md LEVEL [ARGUMENT...]: make an array of the two
md() {
	mdadm --create /dev/md0 --run --quiet --metadata=1.2 --level="$1" \
		--raid-devices=2 "${@:2}" /dev/pmem0 /dev/pmem1 >&2
}

idle() {
	[ "$(</sys/block/md0/md/sync_action)" = idle ]
}

whole() {
	idle && [ "$(</sys/block/md0/md/degraded)" = 0 ]
}

# Both have the same
check_mirror() {
	echo check >/sys/block/md0/md/sync_action
	soon 60 idle && [ "$(</sys/block/md0/md/mismatch_cnt)" = 0 ]
}

# Take one out while files are written, put it back as a new one, and read from
# it alone
fail_and_return() {
	local gone=$1 other=$2 before

	check "$gone fails" mdadm /dev/md0 --fail "/dev/$gone"
	check "writes go on without it" odd_changes /mnt/fs 4
	mdadm /dev/md0 --remove "/dev/$gone" >&2
	mdadm --zero-superblock "/dev/$gone" >&2
	check "it is put back, as a new one" mdadm /dev/md0 --add "/dev/$gone"
	check "writes go on while it is brought up to date" \
		verified_io 1 --ioengine=psync --directory=/mnt/fs --size=2M
	check "which comes to its end" soon 60 whole
	check "it has what the other one has" check_mirror
	before=$(digest /mnt/fs)
	mdadm /dev/md0 --fail "/dev/$other" --remove "/dev/$other" >&2
	echo 3 >/proc/sys/vm/drop_caches
	equal "and every file, when it is alone" "$(digest /mnt/fs)" "$before"
	check "the other one is put back, as it was" mdadm /dev/md0 --re-add "/dev/$other"
	check "and is back" soon 60 whole
}

test() {
	fsdax_namespace
	fsdax_namespace namespace1.0
	load fault_mode=strict
	export MDADM_NO_UDEV=1
	mkdir -p /run/mdadm

	modprobe raid0
	md 0 --chunk=64
	make_fs xfs /dev/md0
	on_pmem md0 /mnt/fs xfs
	brief_life /mnt/fs
	same_after_remount md0 /mnt/fs xfs
	umount /mnt/fs
	check "raid0: the filesystem is sound" check_fs xfs /dev/md0
	mdadm --stop /dev/md0 >&2
	mdadm --zero-superblock /dev/pmem0 /dev/pmem1 >&2

	modprobe raid1
	md 1 --bitmap=internal --size=48M
	make_fs ext4 /dev/md0
	on_pmem md0 /mnt/fs ext4
	check "raid1: the first resync comes to its end" soon 60 whole
	brief_life /mnt/fs
	fail_and_return pmem1 pmem0
	umount /mnt/fs
	mdadm --stop /dev/md0 >&2
	check "raid1 is assembled again" mdadm --assemble /dev/md0 /dev/pmem0 /dev/pmem1
	on_pmem md0 /mnt/fs ext4
	check "the blocks verify" lasting_io /mnt/fs --verify_only
	umount /mnt/fs
	check "raid1: the filesystem is sound" check_fs ext4 /dev/md0

	no_false_alarm "no write was taken for a stray one"
	check "protected all the while" closed_on_every_cpu namespace0.0 namespace1.0
	echo relaxed >$pks/fault_mode
	mdadm --stop /dev/md0 >&2
	caught "a stray write is caught afterwards" namespace0.0
	caught "and to the other one" namespace1.0
}

cleanup() {
	umount /mnt/fs
	mdadm --stop /dev/md0
}
