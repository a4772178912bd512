# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="the policy changes at run time, and the next stray write feels it"
PMEM=192M
EXPECT=$an_oops
TAINT=128

test() {
	local round place died

	fsdax_namespace
	load
	load_stray
	place=$(($(data_start pmem0) + (64 << 20)))
	for round in 1 2 3; do
		echo strict >$pks/fault_mode
		equal "$round: strict is said" "$(<$pks/fault_mode)" strict
		dd if=/dev/zero of=/dev/pmem0 bs=1M seek=64 count=1 oflag=direct status=none
		died=0
		stray_writes $place 8 thread 1 || died=$?
		refuse "$round: strict kills" [ $died = 0 ]
		equal "$round: and denies" "$(peek $place 8)" 0000000000000000
		echo contain >$pks/fault_mode
		equal "$round: contain is said" "$(<$pks/fault_mode)" contain
		check "$round: contain lets live" stray_writes $place 8 thread 1
		equal "$round: and drops" "$(peek $place 8)" 0000000000000000
		echo relaxed >$pks/fault_mode
		check "$round: relaxed lets live" stray_writes $place 8 thread 1
		equal "$round: and writes" "$(peek $place 8)" 5354524159000000
		equal "$round: all are counted" "$(strays namespace0.0)" $((3 * round))
	done
}
