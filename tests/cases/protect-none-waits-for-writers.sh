# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="loaded with protect=none, then turned on: a writer that was there before the namespace was known loses nothing"
PMEM=256M

test() {
	local loader

	dax_file_to_hold
	load_slow
	echo "walk_iomem_res_desc 3000 insmod" >$slow/hold
	taskset 1 insmod /bed/pmem_pks.ko protect=none fault_mode=contain 8>&- &
	loader=$!
	check "loading is held up before it looks for namespaces" soon 30 was_held
	HOLD_ON=2 hold_a_write
	check "the namespace is found" soon 30 [ -d $namespaces/namespace0.0 ]
	if (echo 1 >$namespaces/namespace0.0/protect); then
		say "protection can be turned on at once"
	fi
	exec 8>&-
	check "the write() arrives" wait $holder
	check "the module is loaded" wait $loader
	no_false_alarm "and not a byte of it was taken for stray"
	echo 1 >$namespaces/namespace0.0/protect
	caught "a stray write is caught" namespace0.0
	rmmod pmem_pks_slow
}
