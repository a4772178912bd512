# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="maps, writers, switches, interrupts and faults cost no more than their budgets"
SMP=1
PMEM=256M
# The large namespace is label-less, and so raw. Nothing is written there.
QEMU_ARGS="-icount shift=0,sleep=off
	-object memory-backend-ram,id=large,size=256G,reserve=off
	-device nvdimm,id=nlarge,memdev=large,addr=0x140000000"

test() {
	# shellcheck source=tests/bench/measure
	. /bed/bench-measure
	say "CPU: $(sed -n 's/^model name.*: //p' /proc/cpuinfo)"
	measure_all
	no_false_alarm "no write was taken for a stray one"
	check "into a pinned buffer dm-crypt decrypts at most three times as long" is_at_most \
		"${figure[with:calls/direct-64k]}" "$((3 * ${figure[without:calls/direct-64k]}))"
	measure_strays
	equal "the unit is an instruction: 100 no-operations and a loop of two" \
		"${figure[without:bench_bare/nops]}" 102
	equal "every row is measured" "$(rows print_row | wc -l)" \
		"$(grep -vc '^#' /bed/rows)"
	rows print_row >&3
	equal "256 GiB are 256 leaves" "$(sed -n 's/^namespace1.0 .* 4k=/4k=/p' $pks_debug/leaves)" \
		"4k=0 2m=0 1g=256"
	check "their protection is turned on at the price of so many leaves, not pages" is_at_most \
		"$((${figure[with:protect/namespace1.0]} / 256))" "$((${figure[with:protect/namespace0.0]} * 2 / 128))"
	# The budgets are of one kernel
	! grep -qw budgets /bed/used-for || rows judge_row
}

cleanup() {
	dmsetup remove crypt
	rmmod bench
	rmmod bench_bare
}

# For "make bench"
print_row() {
	echo "row $1 $2 $3"
}

judge_row() {
	[ "$4" = - ] || check "$1: at most $4 instructions" is_at_most "$2" "$4"
}

is_at_most() {
	echo "it takes $1"
	[ "$1" -le "$2" ]
}
