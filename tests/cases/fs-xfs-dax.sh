# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="xfs with -o dax=always, reflink and unshare too, without one false alarm"
TIMEOUT=360
PMEM=512M

# Copies of a file that share its blocks until one of them is written
share_and_unshare() {
	local whole edge=1

	# 6.1 zeroes no part of a block that is shared, with the module or without
	[[ $(uname -r) != 6.1.* ]] || edge=0
	dd if=/dev/urandom of=/mnt/fs/origin bs=64k count=64 status=none
	whole=$(digest /mnt/fs/origin)
	for copy in written mapped-copy unshared; do
		xfs_io -f -c "reflink /mnt/fs/origin 0 0 4m" /mnt/fs/$copy >&2
		equal "$copy shares and reads as the origin" \
			"$(sha256sum </mnt/fs/$copy)" "$(sha256sum </mnt/fs/origin)"
	done

	cp /mnt/fs/origin /tmp/like
	for f in /mnt/fs/written /tmp/like; do
		xfs_io -c "pwrite -q -S 0x7a 12345 6789" -c "pwrite -q -S 0x7b 1048575 3" \
			-c "pwrite -q -S 0 2000001 500000" "$f"
	done
	check "a copy takes writes at odd places" cmp /mnt/fs/written /tmp/like
	check "a copy takes stores through mmap" /bed/mapped /mnt/fs/mapped-copy 99
	check "a copy shares its blocks" shares_blocks /mnt/fs/unshared
	check "a copy is unshared" xfs_io -c "funshare 0 4m" /mnt/fs/unshared
	refuse "and shares none" shares_blocks /mnt/fs/unshared
	check "and reads as the origin" cmp /mnt/fs/unshared /mnt/fs/origin
	xfs_io -f -c "reflink /mnt/fs/origin 0 0 4m" /mnt/fs/zeroed >&2
	cp /mnt/fs/origin /tmp/like
	xfs_io -c "fpunch $((8192 + edge)) 73728" -c "fzero $((1003520 + edge)) 98304" \
		/mnt/fs/zeroed
	xfs_io -c "pwrite -q -S 0 $((8192 + edge)) 73728" \
		-c "pwrite -q -S 0 $((1003520 + edge)) 98304" /tmp/like
	check "a copy takes a hole and zeroes" cmp /mnt/fs/zeroed /tmp/like
	equal "the origin is as it was" "$(digest /mnt/fs/origin)" "$whole"
}

# FIEMAP_EXTENT_SHARED is 0x2000
shares_blocks() {
	xfs_io -r -c "fiemap -v" "$1" | grep -qE '0x2[0-9a-f]{3}$'
}

test() {
	fsdax_namespace
	load
	mkfs.xfs -q -f -m reflink=1 /dev/pmem0
	on_pmem pmem0 /mnt/fs xfs dax=always
	every_way_of_writing /mnt/fs
	share_and_unshare
	same_after_remount pmem0 /mnt/fs xfs dax=always
	umount /mnt/fs
	check "xfs_repair finds nothing" xfs_repair -n /dev/pmem0
	no_false_alarm "no write was taken for a stray one"
	check "protected all the while" closed_on_every_cpu namespace0.0
	caught "a stray write is caught afterwards" namespace0.0
}
