# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="a stray write is read by those that it is for: poll(), udevadm, trace-cmd, jq"
PMEM="256M 256M"

test() {
	fsdax_namespace
	fsdax_namespace namespace1.0
	load
	load_stray
	polled "$pks/stray_writes"
	polled "$namespaces/namespace0.0/stray_writes"
	refuse "poll() of another namespace does not wake" \
		timeout 3 /bed/waits $namespaces/namespace1.0/stray_writes
	uevents
	traced
	json
}

# polled FILE
polled() {
	local before

	before=$(<"$1")
	/bed/waits "$1" >/tmp/waits &
	check "poll() of $1 waits" soon 10 grep -q waiting /tmp/waits
	one_stray
	check "and wakes" wait $!
	equal "to the right count" "$(tail -n 1 /tmp/waits)" "woken $((before + 1))"
}

one_stray() {
	stray_writes $(($(range_end namespace0.0) - 7)) 8 thread 1
}

uevents() {
	local i before start=$SECONDS

	before=$(strays namespace0.0)
	udevadm monitor --kernel --property >/tmp/uevents &
	check "udevadm listens" soon 10 grep -q '^KERNEL' /tmp/uevents
	for ((i = 0; i < 30; i++)); do
		one_stray
		sleep 0.1
	done
	sleep 1.2
	kill %%
	matches "a change is told" "$(grep -A8 '^KERNEL.*change.*namespace0.0' /tmp/uevents)" \
		$'ACTION=change.*SUBSYSTEM=pmem_pks'
	equal "with the count at last" "$(grep '^STRAY_WRITES=' /tmp/uevents | tail -n 1)" \
		"STRAY_WRITES=$((before + 30))"
	i=$(grep -c '^KERNEL.*change.*namespace0.0' /tmp/uevents)
	check "once a second at most: $i in $((SECONDS - start)) s" \
		[ "$i" -ge 3 -a "$i" -le $((SECONDS - start + 1)) ]
}

traced() {
	trace-cmd record -q -e pmem_pks:stray_access -R stacktrace -o /tmp/trace.dat \
		bash -c "echo '$(($(range_end namespace0.0) - 7)) 8 thread 3' >$stray/write" >&2
	trace-cmd report -i /tmp/trace.dat >/tmp/trace
	equal "trace-cmd has each" "$(grep -c 'stray_access:.*write to namespace0.0+0x' /tmp/trace)" 3
	equal "and their stacks" "$(grep -c '=> .*stray_stores' /tmp/trace)" 3

	echo stacktrace >/sys/kernel/tracing/events/pmem_pks/pmem_pks_grant/trigger
	refuse "with a trigger set the module can't be removed" rmmod pmem_pks
	echo '!stacktrace' >/sys/kernel/tracing/events/pmem_pks/pmem_pks_grant/trigger
	trace-cmd record -q -e pmem_pks:pmem_pks_grant -e pmem_pks:pmem_pks_revoke -o /tmp/trace.dat \
		dd if=/dev/zero of=/dev/pmem0 bs=4k count=7 oflag=direct status=none >&2
	trace-cmd report -i /tmp/trace.dat | grep ' dd-' >/tmp/trace
	equal "each write of a block is a grant and a revocation of the key" \
		"$(sed 's/.*: \([a-z_]*\): */\1 /' /tmp/trace | sort | uniq -c | xargs)" \
		"7 pmem_pks_grant key=$(<$namespaces/namespace0.0/key) 7 pmem_pks_revoke key=$(<$namespaces/namespace0.0/key)"
}

json() {
	jq -e . $pks_debug/log.json >/tmp/json
	equal "jq reads each line" "$(jq -s length $pks_debug/log.json)" "$(wc -l <$pks_debug/log.json)"
	equal "the counts are those of the counter" \
		"$(jq -s 'map(.count) | add' $pks_debug/log.json)" "$(strays)"
	equal "the record says what was written" \
		"$(jq -r 'select(.comm == "bash") | [.namespace, .width, .data, .context, .outcome] | @csv' $pks_debug/log.json | tail -n 1)" \
		'"namespace0.0",8,"5354524159000000","thread","let through"'
	matches "and by whom" "$(jq -r '.stack[0]' $pks_debug/log.json | tail -n 1)" '^store_mov8\+.*\[pmem_pks_stray\]$'
	matches "the same as text" "$(<$pks_debug/log)" 'stray write to namespace0.0\+0x'
}
