# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="when ftrace removes no hook any more, the module's code stays, and nothing else"
PMEM=256M
STAYS=1

dead_ftrace() {
	fsdax_namespace
	mkfs.ext4 -q -F -b 4096 /dev/pmem0
	load "$@"
	load_stray
	place=$(($(range_end namespace0.0) - 7))
	insmod /bed/pmem_pks_ftrace.ko kill=1
	dmesg -c >/dev/null
}

# A hook that goes while the module is at work
test() {
	dead_ftrace writers=vfs_fsync_range
	equal "no writer can be removed, which the log says once" \
		"$(echo -vfs_fsync_range >$pks/writers
		   logged 'pmem_pks: .* can.t go until the next boot')" 1
	refuse "the module can't be removed" rmmod pmem_pks
	refuse "nor is it on its way" grep -q '^pmem_pks .*Unloading' /proc/modules
	at_work
	no_false_alarm "no write was taken for a stray one"
	caught "a stray write is caught" namespace0.0
}

# The hooks that go with the module
test_next_boot() {
	local status=0

	dead_ftrace
	rmmod pmem_pks || status=$?
	equal "rmmod is killed, and returns" $status 137
	check "the module is still there" grep -q '^pmem_pks .*Unloading' /proc/modules
	equal "the log says why, once" "$(logged 'pmem_pks: .* can.t go until the next boot')" 1
	refuse "it can't be loaded again" timeout 20 insmod /bed/pmem_pks.ko
	refuse "nor removed" timeout 20 rmmod pmem_pks
	equal "its directories are gone" "$(find /sys/kernel /sys/kernel/debug -maxdepth 1 -name pmem_pks)" ""
	equal "CR4.PKS and PKRS are 0 on every CPU" \
		"$(sed 's/pkrs=0x0*$/pkrs=0/; s/^cpu[0-9]* //' $stray/cpus | sort | uniq -c | xargs)" \
		"$(nproc) cr4.pks=0 pkrs=0"
	equal "every leaf has key 0" "$(places_of_pmem | with_a_key)" ""
	at_work
	for context in thread kthread softirq hardirq nmi; do
		stray_writes $place 8 $context 3
		soon 10 stray_done_is 3 || true
		equal "$context: what would be a stray write is none" "$(stray_done)" 3
	done
	ndctl disable-namespace namespace0.0 >&2
	check "the namespace goes and comes" ndctl enable-namespace namespace0.0
	at_work
}

# All that is hooked is called
at_work() {
	on_pmem pmem0 /mnt/fs ext4 dax=always
	check "files are written" verified_io 4 --ioengine=psync --directory=/mnt/fs
	check "and changed at odd places" odd_changes /mnt/fs 4
	umount /mnt/fs
	check "so are blocks" dd if=/dev/zero of=/dev/pmem0 bs=64k count=16 seek=100 oflag=direct
}
