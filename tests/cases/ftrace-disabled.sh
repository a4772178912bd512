# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="kernel.ftrace_enabled=0 neither opens the protection nor raises a false alarm"
PMEM=256M

# What the module needs it keeps: the kernel refuses, or the hooks stay
writes_as_ever() {
	on_pmem pmem0 /mnt/fs ext4 dax=always
	check "$1: files are written as ever" \
		verified_io 4 --ioengine=psync --directory=/mnt/fs
	umount /mnt/fs
	no_false_alarm "$1: no write was taken for a stray one"
	caught "$1: a stray write is caught" namespace0.0
}

test() {
	fsdax_namespace
	mkfs.ext4 -q -b 4096 /dev/pmem0
	load
	echo 0 >/proc/sys/kernel/ftrace_enabled || say "the kernel refuses to disable ftrace"
	writes_as_ever "disabled after loading"
	echo 1 >/proc/sys/kernel/ftrace_enabled
	unload

	echo 0 >/proc/sys/kernel/ftrace_enabled
	dmesg -c >/dev/null
	if load; then
		writes_as_ever "disabled before loading"
	else
		matches "disabled before loading: the load fails and says why" \
			"$(dmesg)" 'pmem_pks: .*ftrace_enabled'
		nothing_left_behind
	fi
}

cleanup() {
	echo 1 >/proc/sys/kernel/ftrace_enabled
}
