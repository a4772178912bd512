# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="kmap_local_page() and its like grant, to their thread on its CPU alone, while they last"
QUICK=1
PMEM=""
SMP=3
EXPECT=$an_oops
TAINT=128

test() {
	load
	insmod /bed/pmem_pks_maps.ko
	# tests/modules/scenarios.c
	relay $maps/run
	equal "one unmap without a map is reported, of several" \
		"$(logged 'kunmap_local\(\) without a kmap_local_page\(\) by an_unmap_without_a_map_changes_nothing')" 1
	equal "one revocation without a grant is" \
		"$(logged 'revocation of key [0-9]+, which was not granted, by an_unmap')" 1

	# tests/modules/maps.c
	check "a write takes page faults in its window" /bed/copy $maps/fault $maps/copy 10
	relay $maps/said
	equal "nothing failed open" "$(<$pks/fail_open)" 0

	# Its context has to go with the thread, which nobody waits for
	echo strict >$pks/fault_mode
	(
		sh -c "echo >$maps/die" &
		echo $! >/tmp/dead
		exec sleep 1000
	) &
	parent=$!
	check "a thread with a map dies of a stray write" soon 20 is_zombie
	load_stray
	equal "and leaves every CPU closed" \
		"$(sed 's/^.*pkrs=//' $stray/cpus | sort -u)" 0xaaaaaaa8
	echo relaxed >$pks/fault_mode
	relay $maps/run

	refuse "the module can't go while its symbols are in use" rmmod pmem_pks
	rmmod pmem_pks_maps
	equal "no key is in use any more" "$(logged 'a key is still in use')" 0
	check "nor does a dead thread hold anything" is_zombie
	unload
	kill $parent
}

is_zombie() {
	grep -q '^State:.Z' "/proc/$(</tmp/dead)/status"
}

maps=/sys/kernel/debug/pmem_pks_maps
