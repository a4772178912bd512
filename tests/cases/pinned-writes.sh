# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="the kernel may write DAX pages that it has pinned, in every mode, and the pages beside them not"
PMEM="256M 256M 256M"

test() {
	local mode

	fsdax_namespace namespace0.0
	fsdax_namespace namespace1.0
	ndctl create-namespace -f -e namespace2.0 -m devdax >&2
	mkfs.ext4 -q -b 4096 /dev/pmem0
	sources
	load
	on_pmem pmem0 /mnt/fs ext4 dax=always
	dd if=/dev/zero of=/mnt/fs/mapped bs=1M count=4 conv=fsync status=none
	for mode in relaxed strict; do
		echo $mode >$pks/fault_mode
		for way in vm_writev map_sync ptrace mem crypto "direct /dev/ram0" "direct /dev/nullb0" \
			   "direct /dev/pmem1" "direct /dev/loop0"; do
			arrives "$mode: $way" namespace0.0 /mnt/fs/mapped $way
		done
		for way in vm_writev mem "direct /dev/ram0"; do
			arrives "$mode: devdax: $way" dax2.0 /dev/dax2.0 $way
		done
		fixed_buffers "$mode"
		check "$mode: vmsplice" /bed/pinned vmsplice /mnt/fs/mapped
	done
	no_false_alarm "no write was taken for a stray one"
	equal "the total is that of the two namespaces" "$(<$pks/pinned_writes)" \
		$(($(pinned namespace0.0) + $(pinned dax2.0)))
	echo relaxed >$pks/fault_mode

	umount /mnt/fs
	unload

	load pinned=step
	on_pmem pmem0 /mnt/fs ext4 dax=always
	beside_a_pinned_page
	check "every CPU is closed" closed_on_every_cpu namespace0.0 namespace1.0
	equal "pinned=step opens no window" "$(<$pks/pinned_windows)" 0
	umount /mnt/fs
	unload

	load pinned=deny
	equal "pinned=deny can be read back" "$(</sys/module/pmem_pks/parameters/pinned)" deny
	on_pmem pmem0 /mnt/fs ext4 dax=always
	check "with pinned=deny they are stray writes" /bed/pinned vm_writev /mnt/fs/mapped
	refuse "and counted as such" [ "$(strays namespace0.0)" = 0 ]
	equal "and none as pinned" "$(<$pks/pinned_writes)" 0
	umount /mnt/fs
}

sources() {
	modprobe brd rd_nr=1 rd_size=8192
	modprobe null_blk nr_devices=0
	mkdir /sys/kernel/config/nullb/nullb0 2>/dev/null ||
		{ mount -t configfs none /sys/kernel/config && mkdir /sys/kernel/config/nullb/nullb0; }
	echo 16 >/sys/kernel/config/nullb/nullb0/size
	echo 1 >/sys/kernel/config/nullb/nullb0/memory_backed
	echo 1 >/sys/kernel/config/nullb/nullb0/power
	truncate -s 8M /tmp/backing
	modprobe loop
	losetup /dev/loop0 /tmp/backing
	modprobe algif_skcipher
}

# 6.1 registers no buffer that is mapped from a file
fixed_buffers() {
	local disk

	for disk in /dev/ram0 /dev/pmem1; do
		if [[ $(uname -r) = 6.1.* ]]; then
			refuse "$1: devdax: a buffer of io_uring's, from $disk" \
				/bed/pinned fixed /dev/dax2.0 $disk
		else
			arrives "$1: devdax: a buffer of io_uring's, from $disk" dax2.0 \
				/dev/dax2.0 fixed $disk
		fi
	done
}

pinned() {
	cat $namespaces/"$1"/pinned_writes
}

# arrives WHAT NAMESPACE FILE WAY [DISK]: and is counted as pinned
arrives() {
	local before

	before=$(pinned "$2")
	check "$1: each byte arrives" /bed/pinned "$4" "$3" ${5:+"$5"}
	check "$1: counted" [ "$(pinned "$2")" -gt "$before" ]
}

# What "pinned hold" holds is the second page
beside_a_pinned_page() {
	local page

	load_stray
	page=$(($(file_start /mnt/fs/mapped pmem0) + 4096))
	hold "a page is pinned" /bed/pinned hold /mnt/fs/mapped

	counts "a write to it is pinned" $page 8 thread 1 "1 0"
	counts "one to the page before is stray" $((page - 8)) 8 thread 1 "0 1"
	counts "one to the page behind is stray" $((page + 4096)) 8 thread 1 "0 1"
	counts "a string of bytes over the edge is stray from the edge on" \
		$((page + 4000)) 4096 string 300 "1 1"
	equal "and all of it is written" "$(peek $((page + 4000)) 300)" \
		"$(printf '5a%.0s' {1..300})"
	counts "one whose source overlaps, too" $((page + 4000)) 4096 smear 300 "1 1"
	counts "a string inside the page is one pinned write" $page 4096 string 4096 "1 0"
	many_stores $((page + 4096 - 2048))

	exec 8>&-
	wait
	counts "no longer pinned, it is stray" $page 8 thread 1 "0 1"
}

# counts WHAT PLACE SIZE CONTEXT COUNT "PINNED STRAY"
counts() {
	local pinned strays

	pinned=$(pinned namespace0.0)
	strays=$(strays namespace0.0)
	stray_writes "$2" "$3" "$4" "$5"
	equal "$1" "$(($(pinned namespace0.0) - pinned)) $(($(strays namespace0.0) - strays))" "$6"
}

# Let through is one instruction: stores to both sides of the
# edge, in one loop, are told apart
many_stores() {
	local pinned strays

	pinned=$(pinned namespace0.0)
	strays=$(strays namespace0.0)
	stray_writes "$1" 4096 thread 1000
	pinned=$(($(pinned namespace0.0) - pinned))
	strays=$(($(strays namespace0.0) - strays))
	say "$pinned pinned, $strays stray"
	equal "of 1000 stores over the edge none is missed" $((pinned + strays)) 1000
	check "about half of them are stray" [ $strays -gt 400 -a $strays -lt 600 ]
}
