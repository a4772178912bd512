# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="it is proven that the hooks are called, at load and whenever hook_selftest is read"
QUICK=1
PMEM=256M

test() {
	local i

	fsdax_namespace
	load
	# QEMU has all that is tried
	for i in 1 2 3; do
		cat $pks_debug/hook_selftest >/tmp/said
		equal "round $i: each of ten is called" "$(grep -c ': called$' /tmp/said)" 10
		equal "and nothing else is said" "$(wc -l </tmp/said)" 10
	done
	for i in 'finish_task_switch' irq_enter_rcu '(handle_softirqs|__do_softirq)' nmi_handle \
		 lock_mm_and_find_vma bad_area_nosemaphore __memcpy_flushcache \
		 dax_zero_range dax_truncate_page dax_file_unshare; do
		check "$i is among them" grep -qE "^${i}[^:]*: called" /tmp/said
	done
	locked
	during_io
	no_false_alarm "nothing of it is stray"
	equal "no key is kept" "$(<$namespaces/namespace0.0/key)" 1
	unload
}

# A process that locks its memory has each page before it is used
locked() {
	check "a process that locks its memory reads it" sh -c "/bed/locked read $pks_debug/hook_selftest >/tmp/said"
	equal "and each is called there, too" "$(grep -c ': called$' /tmp/said)" 10
	unload
	check "and can load the module" /bed/locked load /bed/pmem_pks.ko
}

# The writers that it counts are called by others meanwhile
during_io() {
	local i

	: >/tmp/said
	while [ ! -e /tmp/enough ]; do
		dd if=/dev/zero of=/dev/pmem0 bs=4k count=500 oflag=direct status=none
	done &
	for i in $(seq 10); do
		cat $pks_debug/hook_selftest >>/tmp/said
	done
	touch /tmp/enough
	wait
	equal "ten times during I/O each is called" "$(grep -c ': called$' /tmp/said)" 100
	equal "and nothing else is said then" "$(wc -l </tmp/said)" 100
}
