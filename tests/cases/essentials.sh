# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="in short: stray writes from each context are counted and dropped, files are written as ever"
QUICK=1
HERE=1
PMEM=256M

test() {
	local before device=/dev/$DISK

	fsdax_namespace
	load fault_mode=contain
	load_stray
	refuse "no hook was missed" grep -vE ": (called|can't be tried here)\$" $pks_debug/hook_selftest
	check "every CPU is closed" closed_on_every_cpu $NAMESPACE
	check "every leaf has the key" wholly_keyed $NAMESPACE
	dd if=/dev/urandom of=$device bs=1M count=32 conv=fsync status=none
	before=$(digest $device)
	counted_from_each_context $NAMESPACE $DISK
	echo 3 >/proc/sys/vm/drop_caches
	equal "every byte is as it was" "$(digest $device)" "$before"

	echo 0 >$namespaces/$NAMESPACE/protect
	equal "turned off, the leaf has key 0" "$(leaf_key "$(data_start $DISK)")" 0
	echo 1 >$namespaces/$NAMESPACE/protect
	equal "turned on, it has the namespace's" \
		"$(leaf_key "$(data_start $DISK)")" "$(<$namespaces/$NAMESPACE/key)"

	before=$(strays)
	make_fs ext4 $device
	on_pmem $DISK /mnt/fs ext4 dax=always
	brief_life /mnt/fs
	same_after_remount $DISK /mnt/fs ext4 dax=always
	umount /mnt/fs
	check "fsck finds nothing" check_fs ext4 $device
	equal "without a false alarm" "$(strays)" "$before"
	equal "and nothing failed open" "$(<$pks/fail_open)" 0
	caught "a stray write is caught afterwards" $NAMESPACE
}
