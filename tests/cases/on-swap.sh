# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="strict: swap on pmem, with more in use than there is RAM, without one false alarm"
# The initial RAM filesystem takes a quarter. As a tmpfs it would not unpack.
MEMORY=512M
CMDLINE="rootfstype=ramfs"
PMEM=1G

swapped() {
	awk -v which="pswp$1" '$1 == which { print int($2 / 256) }' /proc/vmstat
}

repeat() {
	local i times=$1

	shift
	for ((i = 0; i < times; i++)); do
		"$@"
	done
}

test() {
	local out in

	fsdax_namespace
	load fault_mode=strict
	# RAM that can't be swapped out: some 90 MiB are left
	mkdir /mnt/ram
	mount -t ramfs none /mnt/ram
	dd if=/dev/zero of=/mnt/ram/file bs=1M count=$(($(awk '/MemAvailable/ { print int($2 / 1024) }' /proc/meminfo) - 90)) status=none
	mkswap /dev/pmem0
	swapon /dev/pmem0
	out=$(swapped out)
	in=$(swapped in)
	check "a process and its two children find what they wrote" /bed/pressure 128 2
	out=$(($(swapped out) - out))
	in=$(($(swapped in) - in))
	say "MiB to swap: $out, and back: $in"
	check "more than 100 MiB went to swap" [ $out -gt 100 ]
	check "and came back" [ $in -gt 100 ]

	# Pages of a tmpfs go there, too
	mount -o remount,size=200m /tmp
	dd if=/dev/urandom of=/tmp/seed bs=1M count=8 status=none
	repeat 16 cat /tmp/seed >/tmp/file
	equal "a file in RAM is as written" "$(md5sum </tmp/file)" \
		"$(repeat 16 cat /tmp/seed | md5sum)"
	rm /tmp/file
	check "swap can be turned off" swapoff /dev/pmem0
	no_false_alarm "no write was taken for a stray one"
	check "protected all the while" closed_on_every_cpu namespace0.0
	echo relaxed >$pks/fault_mode
	caught "a stray write is caught afterwards" namespace0.0
}

cleanup() {
	swapoff -a
}
