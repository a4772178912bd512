# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="strict: device-mapper, lvm2 too, over two namespaces, without one false alarm"
TIMEOUT=360
PMEM="320M 320M"

lv() {
	lvm "$@" --config "
		devices { dir = \"/dev\" obtain_device_list_from_udev = 0 use_devicesfile = 0 }
		activation { monitoring = 0 }
		global { locking_dir = \"/tmp\" use_lvmpolld = 0 }" >&2
}

# with_dax DEVICE TYPE: a filesystem on it
with_dax() {
	make_fs "$2" "/dev/$1"
	on_pmem "$1" /mnt/fs "$2" dax=always
	brief_life /mnt/fs
	same_after_remount "$1" /mnt/fs "$2" dax=always
}

sound() {
	umount /mnt/fs
	check "the filesystem on $1 is sound" check_fs "$2" "/dev/$1"
}

test() {
	local half sectors

	fsdax_namespace
	fsdax_namespace namespace1.0
	load fault_mode=strict
	modprobe dm_mod
	export DM_DISABLE_UDEV=1
	sectors=$(</sys/block/pmem0/size)
	# The first part is too small for the files
	half=$((8 << 11))
	dmsetup create linear --table "0 $half linear /dev/pmem0 2048
		$half $((256 << 11)) linear /dev/pmem1 0"
	with_dax mapper/linear ext4
	sound mapper/linear ext4
	dmsetup remove linear

	dmsetup create striped --table "0 $((sectors / 4096 * 4096 * 2)) striped 2 128 /dev/pmem0 0 /dev/pmem1 0"
	with_dax mapper/striped xfs
	sound mapper/striped xfs
	dmsetup remove striped
	logical_volumes

	no_false_alarm "no write was taken for a stray one"
	check "protected all the while" closed_on_every_cpu namespace0.0 namespace1.0
	echo relaxed >$pks/fault_mode
	caught "a stray write is caught afterwards" namespace0.0
	caught "and to the other one" namespace1.0
}

# A volume grows from one namespace to the other under a filesystem with DAX
logical_volumes() {
	lv pvcreate -ff -y /dev/pmem0 /dev/pmem1
	lv vgcreate vg /dev/pmem0 /dev/pmem1
	lv lvcreate -y -Wy -Zy -L 64M -n grown vg /dev/pmem0
	make_fs ext4 /dev/vg/grown
	on_pmem vg/grown /mnt/fs ext4 dax=always
	check "blocks are written" lasting_io /mnt/fs
	check "lvextend" lv lvextend -L 128M vg/grown /dev/pmem1
	check "the filesystem grows with it" resize2fs /dev/vg/grown
	dd if=/dev/urandom of=/mnt/fs/more bs=1M count=70 status=none
	same_after_remount vg/grown /mnt/fs ext4 dax=always
	sound vg/grown ext4
	lv vgchange -an vg
}

cleanup() {
	umount /mnt/fs /mnt/old
	dmsetup remove_all --force
}
