# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="strict: dm-writecache, which stores to pmem wherever its metadata changes, without one false alarm"
PMEM="64M 64M"

test() {
	fsdax_namespace
	fsdax_namespace namespace1.0
	modprobe brd rd_nr=1 rd_size=131072
	modprobe dm_mod
	export DM_DISABLE_UDEV=1

	# Loaded behind us
	load fault_mode=strict
	crashed
	cached "a new cache" /dev/pmem0
	refuse "its writers are hooked" grep 'dm_writecache.*not-loaded' $pks_debug/writers
	refuse "and are used" grep -E 'dm_writecache:(writecache_map|writecache_flush|writecache_ctr) 0' \
		$pks_debug/writers
	no_false_alarm "no write was taken for a stray one"
	rmmod dm_writecache
	equal "when it goes, its hooks go with it" "$(grep -c 'dm_writecache:.* not-loaded$' $pks_debug/writers)" 5
	unload

	# Loaded before us, and at work
	make_cache /dev/pmem0
	on_pmem mapper/cached /mnt/fs ext4
	verified_io 6 --ioengine=psync --directory=/mnt/fs >/tmp/fio 2>&1 &
	sleep 2
	load fault_mode=strict
	check "writes go on while the module is loaded" wait $!
	umount /mnt/fs
	flushed /dev/pmem0

	# Not contiguous, which the driver maps page by page
	dmsetup create both --table "0 102400 linear /dev/pmem0 0
		102400 102400 linear /dev/pmem1 2048"
	cached "a cache of two parts" /dev/mapper/both
	no_false_alarm "no write was taken for a stray one"
	check "every CPU is closed" closed_on_every_cpu namespace0.0 namespace1.0
	echo relaxed >$pks/fault_mode
	caught "a stray write is caught afterwards" namespace0.0

	make_cache /dev/mapper/both
	mapped_as_one
	unload
	load
	mapped_as_one
	dmsetup remove cached
	dmsetup remove both
}

# Each part of the driver's own mapping of two namespaces
mapped_as_one() {
	local addr

	echo 1 >/proc/sys/kernel/kptr_restrict
	# A page behind it is left free
	addr=$(awk -v size=$((2 * 102400 * 512 + 4096)) '$2 == size && / vmap/ { print $1 }' \
		/proc/vmallocinfo)
	addr=$((${addr%-*}))
	caught_at "a stray write through the driver's own mapping is caught" \
		$((addr + 102400 * 512 - 8)) namespace0.0
	caught_at "and to the second part of it" \
		$((addr + 2 * 102400 * 512 - 8)) namespace1.0
	equal "every mapping has its key" "$(cat $namespaces/*/aliases | xargs)" "0 0"
}

# caught_at WHAT ADDRESS NAMESPACE
caught_at() {
	local before

	before=$(strays "$3")
	stray_writes "$(printf '0x%x' "$2")" 8 thread 1
	equal "$1" "$(($(strays "$3") - before))" 1
}

make_cache() {
	dmsetup create cached --table "0 262144 writecache p /dev/ram0 $1 4096 ${2:-0}"
}

# What a power failure leaves behind: blocks that were not committed, which are
# given up at the next start
crashed() {
	dd if=/dev/zero of=/dev/pmem0 bs=4k count=1 oflag=direct status=none
	make_cache /dev/pmem0 "4 autocommit_blocks 1000000 autocommit_time 600000"
	dd if=/dev/urandom of=/dev/mapper/cached bs=4k count=50 oflag=direct conv=fsync status=none
	dd if=/dev/urandom of=/dev/mapper/cached bs=4k seek=50 count=50 oflag=direct status=none
	dd if=/dev/pmem0 of=/tmp/image bs=1M iflag=direct status=none
	dmsetup remove cached
	dd if=/tmp/image of=/dev/pmem0 bs=1M oflag=direct status=none
	make_cache /dev/pmem0
	equal "after a crash it has the 50 blocks that were committed" \
		"$(dmsetup status cached | awk '{ print $5 - $6 }')" 50
	# Committed by a thread of the driver's
	dd if=/dev/urandom of=/dev/mapper/cached bs=4k count=8 oflag=direct status=none
	dmsetup suspend cached
	dmsetup resume cached
	flushed /dev/pmem0
	rm /tmp/image
}

# cached WHAT DEVICE
# Less than half of it is in use, so that nothing is written back before it is
# asked for: 6.1's driver, with pmem_pks or not, reads wrong bytes from the disk
# behind a cache when a bio begins in the cache and goes on there (see limits.md).
cached() {
	local before

	dd if=/dev/zero of="$2" bs=4k count=1 oflag=direct status=none
	make_cache "$2"
	mkfs.ext4 -q -F /dev/mapper/cached
	on_pmem mapper/cached /mnt/fs ext4
	check "$1: random reads and writes verify" \
		verified_io 4 --ioengine=psync --directory=/mnt/fs --size=4M
	check "$1: blocks are written" lasting_io /mnt/fs
	# The RAM disk of 6.1 has none
	[[ $(uname -r) = 6.1.* ]] || check "$1: a discard" fstrim /mnt/fs
	before=$(digest /mnt/fs)
	umount /mnt/fs
	dmsetup suspend cached
	dmsetup resume cached
	dmsetup remove cached
	make_cache "$2"
	on_pmem mapper/cached /mnt/fs ext4
	equal "$1: every file is the same when it is made again" "$(digest /mnt/fs)" "$before"
	umount /mnt/fs
	flushed "$2"
	on_pmem ram0 /mnt/fs ext4
	equal "$1: and on the disk that is cached, when it is flushed" "$(digest /mnt/fs)" "$before"
	umount /mnt/fs
}

flushed() {
	check "$1 is flushed" dmsetup message cached 0 flush
	equal "and has nothing left: all blocks are free" \
		"$(dmsetup status cached | awk '{ print $5 - $6, $7 }')" "0 0"
	dmsetup remove cached
}

cleanup() {
	umount /mnt/fs
	dmsetup remove_all --force
}
