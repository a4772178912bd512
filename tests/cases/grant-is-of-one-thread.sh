# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="while one thread may write, no other thread, CPU or interrupt may"
SMP=3
PARALLEL=1
PMEM=256M

test() {
	local context cpu before place holder

	fsdax_namespace
	load
	load_stray
	mkfs.ext4 -q -b 4096 /dev/pmem0
	on_pmem pmem0 /mnt/fs ext4 dax=always
	for file in held victim; do
		dd if=/dev/zero of=/mnt/fs/$file bs=1M count=4 conv=fsync status=none
	done
	place=$(file_start /mnt/fs/victim pmem0)
	no_false_alarm "no write was taken for a stray one"

	# A thread that waits in the midst of its copy, having write access
	mkfifo /tmp/go
	/bed/held /mnt/fs/held </tmp/go >/tmp/held &
	holder=$!
	exec 8>/tmp/go
	check "a write() waits in the midst of its copy" soon 10 grep -q held /tmp/held
	check "every CPU is closed while it waits" closed_on_every_cpu namespace0.0
	cpu=$(cut -d' ' -f2 /tmp/held)
	for context in thread kthread softirq hardirq ipi; do
		before=$(strays namespace0.0)
		on_cpu $cpu stray_writes $place 4096 $context 10
		on_cpu $(((cpu + 1) % 3)) stray_writes $place 4096 $context 10
		equal "$context: all 20 writes, here and on another CPU, are stray" \
			$(($(strays namespace0.0) - before)) 20
	done
	before=$(strays)
	exec 8>&-
	check "the write() then goes on" wait $holder
	equal "and is not stray" "$(strays)" "$before"

	# Threads that write all the time on every CPU. An interrupt of theirs has
	# their access, so the stray writes come from threads only.
	before=$(strays namespace0.0)
	verified_io 15 --ioengine=psync --directory=/mnt/fs >/tmp/fio 2>&1 &
	holder=$!
	sleep 4
	for _ in 1 2 3 4 5; do
		stray_writes $place 4096 thread 50
		stray_writes $place 4096 kthread 50
	done
	check "writers at work verify" wait $holder
	equal "500 stray writes among them are 500" $(($(strays namespace0.0) - before)) 500
	check "every CPU is closed afterwards" closed_on_every_cpu namespace0.0
}

on_cpu() {
	local cpu=$1

	shift
	(taskset -p $((1 << cpu)) $BASHPID >/dev/null; "$@")
}
