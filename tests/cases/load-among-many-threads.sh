# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="among 20,000 threads the machine stands still for 64 of them at a time, each time shortly"
SMP=1
PMEM=64M
MEMORY=3G
TIMEOUT=400
# A nanosecond is an instruction
QEMU_ARGS="-icount shift=0,sleep=off"

threads=20000

test() {
	local stopped found stops longest

	fsdax_namespace
	echo 400000 >/proc/sys/kernel/threads-max
	echo 400000 >/proc/sys/kernel/pid_max
	HOLD_TIME=300
	hold "$threads threads sleep" /bed/crowd $threads
	load
	read -r found stops longest <$pks_debug/stops
	say "$found $stops $longest"
	found=${found#threads=}
	stops=${stops#stops=}
	longest=${longest#longest_ns=}
	# Loading looks twice: at those in memremap_pages(), and at the writers
	check "each thread is looked at" [ $found -ge $((2 * threads)) ]
	check "64 of them in a stop" [ $stops -le $((found / 64 + 4)) ]
	check "the longest stop is not above 400,000 instructions" [ $longest -le 400000 ]
	exec 8>&-
	wait $holder
}
