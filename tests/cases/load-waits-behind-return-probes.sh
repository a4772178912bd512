# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="loading waits for a writer whose return address a return probe or a tracer keeps"
PMEM=256M
TIMEOUT=300

tracing=/sys/kernel/tracing

test() {
	local copy

	dax_file_to_hold
	files_to_write 1
	load_slow
	# With __ on 6.1
	copy=$(awk '$3 ~ /^(__)?copy_user_flushcache$/ { print $3; exit }' /proc/kallsyms)

	# The writer can run all the time, so its stack can't be unwound
	echo "r:pks $copy" >$tracing/kprobe_events
	echo 1 >$tracing/events/kprobes/pks/enable
	loading_waits "return probe"
	echo 0 >$tracing/events/kprobes/pks/enable

	echo "r:pks handle_mm_fault" >$tracing/kprobe_events
	echo 1 >$tracing/events/kprobes/pks/enable
	echo $copy >$tracing/set_ftrace_filter
	echo function_graph >$tracing/current_tracer
	loading_waits "tracer"
	echo nop >$tracing/current_tracer
	echo >$tracing/set_ftrace_filter
	echo 0 >$tracing/events/kprobes/pks/enable
	echo >$tracing/kprobe_events
	rmmod pmem_pks_slow
}

loading_waits() {
	local writer loader waits faults

	waits=$(waits)
	faults=$(<$slow/faults)
	echo busy >$slow/fault
	taskset 2 /bed/fresh /mnt/fs/1 /dev/pks_slow 1 1 &
	writer=$!
	check "$1: a writer is on its way" soon 20 faults_are $((faults + 1))
	insmod /bed/pmem_pks.ko fault_mode=contain &
	loader=$!
	soon 60 waits_or_is_loaded "$waits"
	equal "$1: loading waits for it" "$(waits)" $((waits + 1))
	echo at-once >$slow/fault
	check "$1: the writer ends well" wait $writer
	check "$1: the module is loaded" wait $loader
	no_false_alarm "$1: none of its stores was taken for stray"
	caught "$1: a stray write is caught" namespace0.0
	unload
}

waits() {
	logged 'pmem_pks: waiting for 1 thread.s. to leave the functions'
}

waits_or_is_loaded() {
	[ "$(waits)" -gt "$1" ] || [ "$(cat /sys/module/pmem_pks/initstate 2>/dev/null)" = live ]
}
