# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="kmap_local_page() and its like grant, to their thread on its CPU alone, while they last"
PMEM=""
SMP=3

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
	equal "nothing failed open" "$(cat $pks/fail_open)" 0

	refuse "the module can't go while its symbols are in use" rmmod pmem_pks
	rmmod pmem_pks_maps
	unload
}

maps=/sys/kernel/debug/pmem_pks_maps
