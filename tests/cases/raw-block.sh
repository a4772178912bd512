# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="writes to the raw block device arrive, without one false alarm"
PMEM=256M

test() {
	fsdax_namespace
	load
	dd if=/dev/urandom of=/tmp/data bs=1M count=32 status=none
	dd if=/tmp/data of=/dev/pmem0 bs=1M seek=1 conv=fsync status=none
	dd if=/tmp/data of=/dev/pmem0 bs=512 seek=131073 count=2047 oflag=direct status=none
	echo 3 >/proc/sys/vm/drop_caches
	check "what dd wrote through the page cache is there" \
		cmp -n 33554432 /tmp/data /dev/pmem0 0 1048576
	check "what dd wrote with O_DIRECT is there" \
		cmp -n $((2047 * 512)) /tmp/data /dev/pmem0 0 $((131073 * 512))
	check "random reads and writes verify" \
		verified_io 8 --ioengine=psync --direct=1 --filename=/dev/pmem0 --size=32M \
			--offset_increment=32M
	check "zeroing a range gives zeroes" fallocate -z -o 1048576 -l 4194304 /dev/pmem0
	equal "and nothing but zeroes" \
		"$(dd if=/dev/pmem0 bs=1M skip=1 count=4 status=none | tr -d '\0' | wc -c)" 0
	no_false_alarm "no write was taken for a stray one"
	caught "a stray write is caught afterwards" namespace0.0
}
