# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="among threads that are in functions with return probes, the module comes and goes without a warning"
PMEM=256M
CMDLINE="panic_on_warn=1"

test() {
	local probes=/sys/kernel/tracing/kprobe_events yield=/sys/kernel/tracing/events/kprobes/yield
	local yielders=() i

	fsdax_namespace
	echo 'r:yield __x64_sys_sched_yield' >$probes
	echo 1 >$yield/enable
	for i in 1 2 3 4; do
		/bed/yields &
		yielders+=($!)
	done
	for i in 1 2 3; do
		check "$i: it is loaded" load
		caught "$i: a stray write is caught" namespace0.0
		check "$i: it is removed" unload
	done
	check "the probe was hit all the while" [ "$(awk '$1 == "yield" { print $2 }' /sys/kernel/tracing/kprobe_profile)" -gt 1000 ]
	kill "${yielders[@]}"
	echo 0 >$yield/enable
	echo >$probes
}
