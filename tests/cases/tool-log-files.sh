# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="ndctl-pks log --files names the file, or what else has the byte that was hit"
PMEM="512M 512M"

# hit DISK OFFSET: a stray write to that byte of a disk, which is dropped. Prints what
# --files says of it.
hit() {
	hit_physical $(($(data_start "$1") + $2))
}

hit_physical() {
	stray_writes "$(mapped_at "$1")" 8 thread 1
	ndctl-pks log -j --files | jq -c '.[-1].file'
}

# is WHAT FILE FILTER VALUE
is() {
	equal "$1" "$(jq -c "$3" <<<"$2")" "$4"
}

# byte_of FILE DISK OFFSET: where on the disk it is
byte_of() {
	echo $(($(file_start "$1" "$2") - $(data_start "$2") + $3))
}

test() {
	local file

	fsdax_namespace
	fsdax_namespace namespace1.0
	load fault_mode=contain
	load_stray
	on_ext4
	on_xfs "xfs with an rmapbt" rmapbt=1
	on_xfs "xfs without" rmapbt=0
	partition_and_linear
	file=$(hit_physical $(($(range_start namespace0.0) + 16384)))
	is "before the disk" "$file" '[.what, .detail]' '["no file","the kernel'\''s own data on the pages"]'
	ndctl create-namespace -f -e namespace0.0 -m devdax >&2
	file=$(hit_physical $(($(range_end dax0.0) - 15)))
	is "devdax" "$file" '[.what, .detail]' '["no file","a device-DAX namespace has no filesystem"]'
	equal "--files --follow" "$(ndctl-pks log --files --follow 2>&1 || echo $?)" \
		"ndctl-pks: --files goes through all files, so it does not go with --follow"$'\n'129
}

# life_of_a_file WHAT DISK: on /mnt/fs
life_of_a_file() {
	local byte file inode

	mkdir -p "/mnt/fs/a b"
	dd if=/dev/zero "of=/mnt/fs/a b/file" bs=64k count=4 conv=fsync status=none
	dd if=/dev/zero of=/mnt/fs/other bs=64k count=4 conv=fsync status=none
	inode=$(stat -c %i "/mnt/fs/a b/file")
	byte=$(byte_of "/mnt/fs/a b/file" "$2" 12304)
	file=$(hit "$2" $byte)
	is "$1: a file" "$file" '[.disk, .disk_offset, .what, .path, .offset, .inode]' \
		"[\"$2\",$byte,\"file\",\"/mnt/fs/a b/file\",12304,$inode]"
	exec 7<"/mnt/fs/a b/file"
	rm "/mnt/fs/a b/file"
	sync
	file=$(hit "$2" $byte)
	is "$1: the same, deleted and still open" "$file" '[.what, .path, .offset, .inode]' \
		"[\"deleted\",null,12304,$inode]"
	exec 7<&-
	sync
	file=$(hit "$2" $byte)
	is "$1: the same, closed" "$file" '[.what, .path]' '["free space",null]'
}

on_ext4() {
	local file block

	mkfs.ext4 -q -b 4096 /dev/pmem0
	on_pmem pmem0 /mnt/fs ext4 dax=always
	life_of_a_file ext4 pmem0
	block=$(dumpe2fs /dev/pmem0 2>/dev/null | sed -n '/^Group 1:/,$s/^ *Block bitmap at \([0-9]*\).*/\1/p' | head -n 1)
	file=$(hit pmem0 $((block * 4096 + 8)))
	is "ext4: a bitmap" "$file" '[.what, .detail]' '["metadata","block bitmap of group 1"]'
	matches "the same in words" "$(ndctl-pks log --files -n namespace0.0)" \
		$'\n  pmem0\+0x[0-9a-f]+: metadata: block bitmap of group 1\n'
	block=$(dumpe2fs /dev/pmem0 2>/dev/null | sed -n 's/^ *Inode table at \([0-9]*\).*/\1/p' | head -n 1)
	file=$(hit pmem0 $((block * 4096 + 11 * 256 + 8)))
	is "ext4: an inode" "$file" '[.what, .detail]' '["metadata","inode table of group 0, at inode 12"]'
	file=$(hit pmem0 1032)
	is "ext4: the superblock" "$file" '.what' '"metadata"'
	file=$(hit pmem0 "$(byte_of "/mnt/fs/a b" pmem0 4088)")
	is "ext4: a directory" "$file" '[.what, .path, .offset]' '["directory","/mnt/fs/a b",4088]'
	block=$(byte_of /mnt/fs/other pmem0 0)
	file=$(hit pmem0 "$block")
	matches "a file in words" "$(ndctl-pks log --files -n namespace0.0)" \
		$'\n  pmem0\+0x[0-9a-f]+: file /mnt/fs/other\+0x0, inode [0-9]+\n'
	umount /mnt/fs
	file=$(hit pmem0 "$block")
	is "not mounted" "$file" '[.disk, .what, .path]' '["pmem0","not mounted",null]'
	check "nothing was changed" e2fsck -fn /dev/pmem0
}

on_xfs() {
	local file

	mkfs.xfs -q -f -m reflink=1,$2 /dev/pmem1
	on_pmem pmem1 /mnt/fs xfs dax=always
	life_of_a_file "$1" pmem1
	file=$(hit pmem1 8)
	is "$1: the superblock" "$file" '[.what, .filesystem]' \
		"[\"$([ $2 = rmapbt=0 ] && echo unknown || echo metadata)\",\"xfs\"]"
	umount /mnt/fs
	check "$1: nothing was changed" xfs_repair -n /dev/pmem1
}

# one_file WHAT DISK START DEVICE: that is on it, from that byte on
one_file() {
	local file byte

	mkfs.ext4 -q -F -b 4096 "/dev/$4"
	mkdir -p /mnt/fs
	mount "/dev/$4" /mnt/fs
	dd if=/dev/zero of=/mnt/fs/file bs=64k count=1 conv=fsync status=none
	byte=$(filefrag -b4096 -v /mnt/fs/file | awk '$1 == "0:" { print $4 * 4096 + 24 }')
	file=$(hit "$2" $(($3 + byte)))
	is "$1" "$file" '[.disk_offset, .what, .path, .offset]' "[$byte,\"file\",\"/mnt/fs/file\",24]"
	umount /mnt/fs
}

partition_and_linear() {
	wipefs -q -a /dev/pmem0
	# One partition, of type 0x83, from sector 4096 on, with 131072 sectors
	printf '\0\0\0\0\203\0\0\0\0\20\0\0\0\0\2\0' | dd of=/dev/pmem0 bs=1 seek=446 conv=notrunc status=none
	printf '\125\252' | dd of=/dev/pmem0 bs=1 seek=510 conv=notrunc,fsync status=none
	blockdev --rereadpt /dev/pmem0
	check "there is a partition" soon 5 [ -b /dev/pmem0p1 ]
	one_file "on a partition" pmem0 $((4096 * 512)) pmem0p1
	modprobe dm_mod
	dmsetup create joined <<-END
	0 8192 linear /dev/pmem1 131072
	8192 204800 linear /dev/pmem1 16384
	END
	one_file "on a linear device" pmem1 $((8192 * 512)) "$(dmsetup info -c --noheadings -o blkdevname joined)"
	dmsetup remove joined
}

cleanup() {
	dmsetup remove joined
}
