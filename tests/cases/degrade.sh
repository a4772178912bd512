# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="degrade=1: a function of the shield that somebody else has is done without, and everywhere said to be missing"
PMEM=256M
TIMEOUT=500

interrupts="irq_enter_rcu irq_exit_rcu irq_exit"

test() {
	local softirqs nmis switches

	softirqs=$(this_kernels handle_softirqs __do_softirq)
	nmis=$(this_kernels nmi_handle.part.0 nmi_handle)
	switches=$(this_kernels finish_task_switch.isra.0 finish_task_switch)
	fsdax_namespace
	mkfs.ext4 -q -b 4096 /dev/pmem0
	remember_hooks

	load degrade=1
	whole "nobody has any"
	unload
	rmmod pmem_pks_stray
	for function in $interrupts; do
		done_without "$function" interrupts "$interrupts"
	done
	done_without "$softirqs" softirqs "$softirqs"
	done_without "$nmis" NMIs "$nmis"
	done_without lock_mm_and_find_vma "page faults" lock_mm_and_find_vma
	two "$softirqs" "$nmis"
	for function in "$switches" bad_area_nosemaphore dax_zero_range memunmap_pages; do
		insmod /bed/pmem_pks_stray.ko occupy="$function"
		not_loaded "$function" degrade=1
		rmmod pmem_pks_stray
	done
	load
	whole "all are free again"
}

# this_kernels NAME...: the first that it can hook
this_kernels() {
	local name

	for name in "$@"; do
		! grep -q "^${name//./\\.}$" /sys/kernel/tracing/available_filter_functions ||
			{ echo "$name"; return; }
	done
}

# not_loaded FUNCTION [PARAMETER]
not_loaded() {
	local status=0

	dmesg -c >/dev/null
	load "${@:2}" || status=$?
	refuse "$1 is taken: loading fails${2:+ with $2}" [ $status = 0 ]
	matches "and the log says who has it" "$(dmesg)" \
		"cannot hook $1 \(-16\): held by the module pmem_pks_stray \(occupy_callback\)"
}

# done_without FUNCTION PART FUNCTIONS: what is not there for want of it
done_without() {
	insmod /bed/pmem_pks_stray.ko occupy="$1"
	not_loaded "$1"
	load degrade=1
	equal "it loads with degrade=1, and says so" "$(logged "pmem_pks: degrade=1: $2 run with")" 1
	lacks "$2" "$3"
	unload
	rmmod pmem_pks_stray
	nothing_left_behind
	rmmod pmem_pks_stray
}

# lacks PARTS FUNCTIONS
lacks() {
	equal "$1: the functions are listed" "$(xargs <$pks/degraded)" "$2"
	works "$1"
	matches "$1: the log line says it" "$(dmesg | grep 'stray write to')" ", no shield from $1"$'(\n|$)'
	matches "$1: so does the last stray write" "$(<$namespaces/namespace0.0/last_stray)" ", no shield from $1\$"
	equal "$1: and its record" "$(jq -r .no_shield_from $pks_debug/log.json)" "$1"
	matches "$1: as text too" "$(<$pks_debug/log)" ", no shield from $1"$'\n'
}

whole() {
	equal "$1: nothing is missing" "$(<$pks/degraded)" ""
	works "$1"
	refuse "$1: no report says so" grep 'no shield' $pks_debug/log
	equal "$1: nor does the record" "$(jq -c .no_shield_from $pks_debug/log.json)" '""'
}

works() {
	on_pmem pmem0 /mnt/fs ext4 dax=always
	check "$1: files are written" verified_io 2 --ioengine=psync --directory=/mnt/fs
	umount /mnt/fs
	no_false_alarm "$1: without a false alarm"
	check "$1: every CPU is closed" closed_on_every_cpu namespace0.0
	caught "$1: a thread's stray write is caught" namespace0.0
}

# Held by two others
two() {
	hold "a BPF program has $1" /bed/fentry "$1"
	insmod /bed/pmem_pks_stray.ko occupy="$2"
	load degrade=1
	lacks "softirqs, NMIs" "$1 $2"
	unload
	rmmod pmem_pks_stray
	exec 8>&-
	wait "$holder"
	check "the program goes" soon 10 sh -c \
		"! grep '^${1//./\\.} ' /sys/kernel/tracing/enabled_functions"
	nothing_left_behind
	rmmod pmem_pks_stray
}
