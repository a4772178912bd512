# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="contain: every stray write, from any context, is dropped and counted once, and all go on"
QUICK=1
PMEM=64M

test() {
	local before place offset all kind

	fsdax_namespace
	echo 1 >/proc/sys/kernel/panic_on_warn
	load fault_mode=contain
	equal "contain is said" "$(<$pks/fault_mode)" contain
	load_stray
	dd if=/dev/urandom of=/dev/pmem0 bs=1M count=48 conv=fsync status=none
	before=$(digest /dev/pmem0)
	counted_from_each_context namespace0.0 pmem0
	place=$(($(data_start pmem0) + 0x123458))
	for kind in string smear; do
		all=$(strays)
		stray_writes $place $((1 << 20)) $kind 1000000
		equal "$kind: a repeated string instruction over many pages counts once" \
			"$(($(strays) - all)) $(stray_done)" "1 1"
	done
	echo 3 >/proc/sys/vm/drop_caches
	equal "every byte is as it was" "$(digest /dev/pmem0)" "$before"
	check "every leaf has its key" wholly_keyed namespace0.0

	# past the rate limit of the log
	sleep 6
	offset=$(printf '0x%x' $((place - $(range_start namespace0.0))))
	dmesg -c >&2
	stray_writes namespace0.0+$offset 8 thread 1
	matches "one line tells of a write" "$(dmesg)" \
		"pmem_pks: stray write to namespace0\.0\+$offset by [a-z_0-9.]+\+0x[0-9a-f]+(/0x[0-9a-f]+)? \[pmem_pks_stray\], task [^ ]+:[0-9]+, CPU [0-9]+, dropped"
	equal "and is the only line" "$(logged "pmem_pks: ")" 1

	all=$(strays)
	mkfs.ext4 -q -b 4096 /dev/pmem0
	on_pmem pmem0 /mnt/fs ext4 dax=always
	truncate -s 4M /mnt/fs/mapped
	check "files are written as ever" /bed/mapped /mnt/fs/mapped 7
	check "and by write(), too" verified_io 3 --ioengine=psync --directory=/mnt/fs --size=2M
	equal "nobody was taken for a stray writer" $(($(strays) - all)) 0
}
