# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="loading waits for a namespace that is being mapped: its struct pages are not there yet"
PMEM="128M 128M"
# Struct pages that are not there yet are zeroes, not old ones
CMDLINE="init_on_alloc=1"

test() {
	local first second loader

	# Their struct pages are in RAM, not in the namespace, where old ones would be left
	ndctl create-namespace -f -e namespace0.0 -m fsdax -M mem >&2
	ndctl create-namespace -f -e namespace1.0 -m fsdax -M mem >&2
	first=$(device_of 0)
	second=$(device_of 1)
	echo "$first" >$driver/unbind
	echo "$second" >$driver/unbind
	load_slow

	# Between the entry in the kernel's table of mappings and the struct pages
	echo memmap_init_zone_device >$slow/pause
	echo "$first" >$driver/bind &
	check "a namespace is being mapped" soon 20 paused_are 1
	insmod /bed/pmem_pks.ko &
	loader=$!
	check "loading waits for it" soon 20 \
		is_logged 'pmem_pks: waiting for 1 thread'
	echo "$second" >$driver/bind &
	check "another one comes meanwhile" soon 20 paused_are 2
	echo 1 >$slow/resumed
	check "loading waits for that too" soon 20 \
		is_logged 'pmem_pks: waiting for a mapping of pmem'
	echo 2 >$slow/resumed
	check "and then the module is loaded" wait $loader
	wait
	load_stray
	check "both are namespaces" soon 10 both_folders
	guarded "loaded" namespace0.0
	guarded "loaded" namespace1.0
	rmmod pmem_pks_slow
}

driver=/sys/bus/nd/drivers/nd_pmem

# device_of REGION: what nd_pmem has there
device_of() {
	basename $driver/pfn"$1".*
}

paused_are() {
	[ "$(<$slow/paused)" = "$1" ]
}

is_logged() {
	[ "$(logged "$1")" -ge 1 ]
}

both_folders() {
	[ "$(ls $namespaces)" = $'namespace0.0\nnamespace1.0' ]
}
