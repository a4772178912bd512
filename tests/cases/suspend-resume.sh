# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="after suspend to RAM and resume every CPU is protected as before"
PMEM=256M
TAINT=4
PACKED=1
QEMU_ARGS="-global ICH9-LPC.disable_s3=0"

test() {
	fsdax_namespace
	mkfs.ext4 -q -b 4096 /dev/pmem0
	load
	on_pmem pmem0 /mnt/fs ext4 dax=always
	modprobe msr
	for round in 1 2; do
		sync
		forget_pkrs 0
		rtcwake -d /dev/rtc0 -m mem -s 4 >&2
		equal "$round: it slept" "$(logged 'ACPI: PM: Waking up from system sleep state S3')" $round
		check "$round: every CPU is protected" closed_on_every_cpu namespace0.0
		check "$round: files are written as ever" \
			verified_io 3 --ioengine=psync --directory=/mnt/fs
		no_false_alarm "$round: no write was taken for a stray one"
	done
	umount /mnt/fs
	for cpu in 0 1; do
		caught "a stray write on CPU $cpu is caught" namespace0.0 $cpu
	done
}

# What a CPU does that sleeps, and QEMU's does not
forget_pkrs() {
	head -c 8 /dev/zero | dd of=/dev/cpu/$1/msr bs=8 seek=$((0x6e1)) oflag=seek_bytes \
		conv=notrunc status=none
}
