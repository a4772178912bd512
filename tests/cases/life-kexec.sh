# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="a kernel that is started by kexec from a protected one finds pmem unprotected, and protects it again"
PMEM=1G
IMAGE=1
# Either kernel may say it once
EXPECT="cut here"

test() {
	fsdax_namespace
	mkfs.ext4 -q -b 4096 /dev/pmem0
	load
	on_pmem pmem0 /mnt/fs ext4 dax=always
	check "blocks are written" lasting_io /mnt/fs
	check "the first kernel protects" closed_on_every_cpu namespace0.0
	guarded "the first kernel" namespace0.0
	sync
	echo after_kexec >/bed/entry
	(cd / && find . -xdev ! -name vmlinuz | cpio -o -H newc) >/tmp/initrd
	say "kexec, with the filesystem mounted"
	sync
	/bed/kexec /bed/vmlinuz /tmp/initrd "$(</proc/cmdline)"
	fail "kexec does not return"
}

after_kexec() {
	local place

	load_stray
	pass "the second kernel has come up"
	equal "CR4.PKS is clear on every CPU" "$(grep -c 'cr4.pks=0' $stray/cpus)" "$(nproc)"
	equal "its leaves have key 0" "$(for place in $(places_of_pmem); do leaf_key "$place"; done | sort -u)" 0
	on_pmem pmem0 /mnt/fs ext4 dax=always
	check "what was written is there" lasting_io /mnt/fs --verify_only
	check "files are written, unprotected" \
		verified_io 1 --ioengine=psync --directory=/mnt/fs --size=2M
	load
	check "files are written, protected" \
		verified_io 1 --ioengine=psync --directory=/mnt/fs --size=2M
	no_false_alarm "without a false alarm"
	umount /mnt/fs
	guarded "the second kernel" namespace0.0
	check "on every CPU it is closed" closed_on_every_cpu namespace0.0
}
