# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="strict: a page fault in the midst of a write() to pmem may write pmem itself"
PMEM=512M

test() {
	local fs kind cpus

	fsdax_namespace
	load fault_mode=strict
	for fs in ext4 xfs; do
		# xfs without reflink, which excludes DAX on 6.1
		case $fs in
		ext4) mkfs.ext4 -q -F -b 4096 /dev/pmem0 ;;
		xfs) mkfs.xfs -q -f -m reflink=0 /dev/pmem0 ;;
		esac
		on_pmem pmem0 /mnt/fs $fs dax=always
		dd if=/dev/urandom of=/mnt/fs/other bs=8k count=1 conv=fsync status=none
		for kind in private hole; do
			check "$fs: 20 buffers, $kind, on one CPU" \
				/bed/buffers /mnt/fs/file-$kind "/mnt/fs/$(other $kind 0)" $kind 20 0
			/bed/buffers /mnt/fs/first-$kind "/mnt/fs/$(other $kind 1)" $kind 20 0 &
			cpus=$!
			check "$fs: 20 buffers, $kind, on two CPUs" \
				/bed/buffers /mnt/fs/second-$kind "/mnt/fs/$(other $kind 2)" $kind 20 1
			check "$fs: and on the other one" wait $cpus
		done
		umount /mnt/fs
	done
	no_false_alarm "no write was taken for a stray one"
	check "every CPU is closed afterwards" closed_on_every_cpu namespace0.0
	refuse "no oops" dmesg_has 'BUG:|Oops:'
	unload
}

# A private mapping's file has data, a hole is made anew by each
other() {
	[ "$1" = hole ] && echo "hole$2" || echo other
}

dmesg_has() {
	dmesg | grep -E "$1"
}
