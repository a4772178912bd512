# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="wrong use of keys, ranges and grants is refused, and leaves nothing behind"
QUICK=1
PMEM=""

test() {
	load
	load_stray
	pkrs=$(<$stray/cpus)
	insmod /bed/pmem_pks_api.ko
	# tests/modules/api.c, twice: what the first time left is in the second's way
	relay /sys/kernel/debug/pmem_pks_api/run
	relay /sys/kernel/debug/pmem_pks_api/run
	equal "one wrong revocation is logged, of several" "$(logged 'revocation of key')" 1
	equal "PKRS is as before on every CPU" "$(<$stray/cpus)" "$pkrs"
	equal "nothing failed open" "$(<$pks/fail_open)" 0
	refuse "pmem_pks can't go meanwhile" rmmod pmem_pks
	rmmod pmem_pks_api
	check "it can then" unload
}
