# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="a thread whose stray write was let through is watched on, and so are its children"
PMEM=192M
EXPECT=$an_oops
TAINT=128

test() {
	local place before died=0

	fsdax_namespace
	load
	load_stray
	place=$(($(data_start pmem0) + (64 << 20)))

	# One process for all of them: strays() starts no child that writes
	before=$(strays)
	for _ in 1 2 3 4 5; do
		echo "$place 4096 thread 1" >$stray/write
	done
	equal "5 stray writes of one thread are 5" $(($(strays) - before)) 5
	check "every CPU is closed behind them" closed_on_every_cpu namespace0.0

	before=$(strays)
	(
		echo "$place 4096 thread 3" >$stray/write
		(echo "$place 4096 thread 4" >$stray/write)
	)
	equal "its child's and grandchild's are seen as well" $(($(strays) - before)) 7

	# Has been let through in relaxed, and then meets strict
	mkfifo /tmp/go
	(
		echo "$place 4096 thread 1" >$stray/write
		read -r _ </tmp/go
		echo "$place 8 thread 1" >$stray/write
		echo survived >/tmp/survived
	) &
	soon 10 seen_in_all $((before + 8))
	echo strict >$pks/fault_mode
	dd if=/dev/zero of=/dev/pmem0 bs=1M seek=64 count=1 oflag=direct status=none
	echo >/tmp/go
	wait $! || died=$?
	refuse "strict kills the thread that relaxed had let through" [ $died = 0 ]
	refuse "at its first write" [ -e /tmp/survived ]
	equal "which is denied" "$(peek $place 8)" 0000000000000000
	check "every CPU is closed" closed_on_every_cpu namespace0.0
	echo relaxed >$pks/fault_mode
}

seen_in_all() {
	[ "$(strays)" = "$1" ]
}
