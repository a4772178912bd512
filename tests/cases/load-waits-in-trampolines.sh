# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="loading waits for a writer that was preempted behind its look for the namespace, which was not there yet"
PMEM=256M
CMDLINE="preempt=full"
TIMEOUT=300

test() {
	local writer loader server thread comm

	dax_file_to_hold
	files_to_write 1
	# The busy process shares its CPU with nobody ...
	echo -1 >/proc/sys/kernel/sched_rt_runtime_us
	for server in /sys/kernel/debug/sched/fair_server/cpu*/runtime; do
		[ ! -e "$server" ] || echo 0 >"$server"
	done
	# ... but with RCU, which loading needs
	for thread in /proc/[0-9]*; do
		# It may have ended
		read -r comm <$thread/comm || continue
		[[ $comm != @(rcu*|ksoftirqd*|migration*) ]] || chrt -f -p 60 ${thread#/proc/} || true
	done 2>/dev/null
	load_slow
	# One process reads and is busy: behind the end of another one the CPU might be free
	chrt -f 50 taskset 2 bash -c "read -r _ <$slow/preempt; until [ -e /tmp/enough ]; do :; done" &
	sleep 1
	taskset 2 /bed/fresh /mnt/fs/1 /dev/pks_slow 1 100000000 &
	writer=$!
	sleep 1
	# Before it has found the namespace
	echo "walk_iomem_res_desc 3000 insmod" >$slow/hold
	taskset 1 insmod /bed/pmem_pks.ko fault_mode=contain &
	loader=$!
	check "a writer is preempted in the trampoline" soon 60 is_preempted
	soon 60 waits_or_is_loaded
	touch /tmp/enough
	check "the module is loaded" wait $loader
	equal "and has waited for it" "$(waits)" 1
	sleep 2
	no_false_alarm "none of its stores was taken for stray"
	kill $writer
	wait $writer || true
	caught "a stray write is caught" namespace0.0
	rmmod pmem_pks_slow
}

waits() {
	logged 'pmem_pks: waiting for 1 thread'
}

waits_or_is_loaded() {
	[ "$(waits)" = 1 ] || [ "$(</sys/module/pmem_pks/initstate)" = live ]
}

is_preempted() {
	[ "$(<$slow/held)" = 2 ]
}
