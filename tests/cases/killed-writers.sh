# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="a thread that is killed with a grant, or in a page fault of a writer, leaves nothing open, and nobody waits for it"
PMEM=256M
EXPECT="$an_oops|BUG: kernel NULL pointer"
# it died
TAINT=128

test() {
	local all open

	dax_file_to_hold
	# The dead thread's file stays open for ever: not where all is unmounted
	mkdir /dead
	mount --move /mnt/fs /dead
	load_slow
	remember_hooks
	load fault_mode=strict
	insmod /bed/pmem_pks_maps.ko
	read -r all open <$slow/exits
	(echo 1 >/sys/kernel/debug/pmem_pks_maps/die) || true
	check "a thread with a map was killed by a stray write" [ "$(logged 'Oops')" -ge 1 ]
	ended_closed "that thread"
	rmmod pmem_pks_maps

	echo oops >$slow/fault
	/bed/dies /dead/held /dev/pks_slow >/tmp/held &
	check "a writer is killed in its page fault" soon 30 grep -q held /tmp/held
	ended_closed "the writer"
	check "every CPU is closed" closed_on_every_cpu namespace0.0
	caught_strictly
	check "rmmod does not wait for it" timeout 30 rmmod pmem_pks
	nothing_left_behind
	load
	equal "loaded again, it has all keys" "$(<$namespaces/namespace0.0/key)" 1
}

# One stray write, which kills the process that does it
caught_strictly() {
	local before

	before=$(strays namespace0.0)
	load_stray
	(stray_writes "$(data_start pmem0)" 8 thread 1) || true
	equal "a stray write is caught" "$(($(strays namespace0.0) - before))" 1
}

# Of the threads that have come to their end since, at least one, none had anything
# open
ended_closed() {
	local all_now open_now

	read -r all_now open_now <$slow/exits
	check "$1 came to its end" [ "$all_now" -gt "$all" ]
	equal "with nothing open" "$open_now" "$open"
}
