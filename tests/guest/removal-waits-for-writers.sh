# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="rmmod waits for a thread that is in the midst of a write()"
PMEM=256M

test() {
	local holder remover

	fsdax_namespace
	mkfs.ext4 -q -b 4096 /dev/pmem0
	on_pmem pmem0 /mnt/fs ext4 dax=always
	dd if=/dev/zero of=/mnt/fs/held bs=1M count=4 conv=fsync status=none
	remember_hooks
	load
	mkfifo /tmp/go
	/bed/held /mnt/fs/held </tmp/go >/tmp/held &
	holder=$!
	exec 8>/tmp/go
	check "a write() waits in the midst of its copy" soon 10 grep -q held /tmp/held

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
