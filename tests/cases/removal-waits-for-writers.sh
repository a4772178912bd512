# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="rmmod waits for a thread that is in the midst of a write()"
PMEM=256M

test() {
	local holder remover

	dax_file_to_hold
	remember_hooks
	load
	hold_a_write

	rmmod pmem_pks 8>&- &
	remover=$!
	load_stray
	check "the protection ends at once" soon 20 is_open
	# Far longer than it takes with nobody to wait for
	sleep 8
	check "rmmod waits" kill -0 $remover
	check "the module is still there" grep -q '^pmem_pks .* Unloading' /proc/modules
	exec 8>&-
	check "the write() goes on" wait $holder
	check "and then rmmod is done" wait $remover
	refuse "nobody was killed" logged_any 'BUG:|Oops:'
	nothing_left_behind
}

is_open() {
	[ "$(leaf_key "$(data_start pmem0)")" = 0 ]
}

logged_any() {
	dmesg | grep -E "$1"
}
