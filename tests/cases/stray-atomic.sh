# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="relaxed: stray locked instructions of two CPUs at once stay atomic"
PMEM=64M
PARALLEL=1

test() {
	local place each=3000

	fsdax_namespace
	load
	load_stray
	place=$(($(data_start pmem0) + (16 << 20)))
	on_both "$place 8 thread $each 1 add"
	equal "none of $((2 * each)) is lost" "$(peek $place 8)" \
		"$(little_endian $((0x5941525453 * 2 * each)))"
	equal "each is counted" "$(strays)" $((2 * each))
}

# on_both TEXT: to the stray-writer, from each CPU at the same time
on_both() {
	local cpu

	for cpu in 0 1; do
		(
			taskset -p $((1 << cpu)) "$BASHPID" >&2
			echo "$1" >$stray/write
		) &
	done
	wait
}
