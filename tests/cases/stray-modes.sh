# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="each mode, from each context and by each instruction: 1000 writes are counted, and the bytes are what they should be"
PMEM=64M
TIMEOUT=420

contexts="thread kthread softirq hardirq ipi nmi breakpoint breakpoint-nmi"
instructions="mov1 mov2 mov4 mov8 movnti or add xchg xadd cmpxchg movs stos movups vmovups"

test() {
	local mode instruction

	fsdax_namespace
	echo 1 >/proc/sys/kernel/panic_on_warn
	load
	load_stray
	place=$(($(data_start pmem0) + (16 << 20)))
	for mode in relaxed contain strict; do
		echo $mode >$pks/fault_mode
		fill_place $mode
		for instruction in $instructions; do
			of_each_context $mode $instruction
		done
		check "$mode: every CPU is closed afterwards" closed_on_every_cpu namespace0.0
		check "$mode: every leaf has its key" wholly_keyed namespace0.0
	done
}

# In strict the writer is one that handles the fault: any other one is dead
# after its first write.
of_each_context() {
	local mode=$1 instruction=$2 context all right counted="" bytes="" done="" spared="" each="" rights=""

	right=$(expected "$mode" "$instruction")
	[ "$mode" != strict ] || spared=spared
	for context in $contexts; do
		[[ ! $context,$instruction =~ (nmi|breakpoint),v?movups ]] || continue
		# the other modes leave it as it is
		[ "$mode" != relaxed ] || fill_place relaxed
		all=$(strays)
		stray_writes $place 8 $context 1000 "$instruction" $spared
		soon 10 stray_done_is 1000 || true
		done+=" $(stray_done)"
		counted+=" $(($(strays) - all))"
		bytes+=" $(peek $place 16)"
		each+=" 1000"
		rights+=" $right"
	done
	equal "$mode, $instruction: 1000 writes of each context return" "$done" "$each"
	equal "$mode, $instruction: and are counted" "$counted" "$each"
	equal "$mode, $instruction: the bytes are right" "$bytes" "$rights"
}

# What a legitimate writer puts there
fill_place() {
	local from=/dev/zero

	if [ "$1" != relaxed ]; then
		from=/tmp/from
		head -c 4096 /dev/zero | tr '\0' '\252' >$from
	fi
	dd if=$from of=/dev/pmem0 bs=4096 count=1 seek=4096 oflag=direct status=none
}

# What 1000 writes leave there
expected() {
	local zero=0000000000000000 value=5354524159000000

	case $1,$2 in
	relaxed,mov1) echo 5300000000000000$zero ;;
	relaxed,mov2) echo 5354000000000000$zero ;;
	relaxed,mov4) echo 5354524100000000$zero ;;
	relaxed,*add) echo "$(little_endian $((0x5941525453 * 1000)))$zero" ;;
	relaxed,*movups) echo $value$value ;;
	relaxed,*) echo $value$zero ;;
	*) echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa ;;
	esac
}
