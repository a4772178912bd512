# SPDX-License-Identifier: GPL-2.0
#
# The test bed itself: a guest that fails, warns, panics or hangs fails its
# test, whatever the test's own checks said.

. "$(dirname "$0")/../bed/paths.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PMEM_PKS_TESTS=$work/tests PMEM_PKS_RESULTS=$work/results
mkdir -p "$work/tests" "$work/plan"

for series in $kernels; do
	[ -e "$build/$series/base.cpio" ] && break
done

# tells WHAT REGEX: the last verdicts, in $found, have a line like that
tells() {
	if grep -qE "$2" <<<"$found"; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		echo "# ${found//$'\n'/$'\n'# }"
	fi
}

# judged LINE...: what judge makes of a console with these lines
judged() {
	printf '%s\n' "$@" >"$work/console"
	found=$("$bed/judge" "$work/console" "${expected:-}" | grep '^not ok')
	found=${found:-nothing}
}

# Each of these alone is enough
expected=
while read -r line; do
	judged "[    1.000000] $line"
	tells "seen: $line" '^not ok'
done <<'LINES'
BUG: unable to handle page fault for address: ffff888100000000
BUG: kernel NULL pointer dereference, address: 0000000000000008
BUG: scheduling while atomic: bash/1/0x00000002
WARNING: CPU: 0 PID: 1 at mm/gup.c:1 foo+0x1/0x2
Oops: 0003 [#1] PREEMPT SMP NOPTI
general protection fault, probably for non-canonical address
Kernel panic - not syncing: Fatal exception in interrupt
watchdog: BUG: soft lockup - CPU#1 stuck for 22s!
INFO: task fio:12 blocked for more than 120 seconds.
rcu: INFO: rcu_preempt self-detected stall on CPU
WARNING: possible circular locking dependency detected
BUG: KASAN: slab-use-after-free in foo+0x1/0x2
list_del corruption. prev->next should be 0
refcount_t: underflow; use-after-free.
BUG: Bad page state in process bash  pfn:12345
Call Trace:
LINES
judged "[ 1.0] ------------[ cut here ]------------" "[ 1.1] pmem_pks: stray write to namespace0.0+0x0"
tells "one line \"cut here\" without a warning is let pass" '^nothing'
judged "[ 1.0] ------------[ cut here ]------------" "[ 1.1] a" "[ 1.2] ------------[ cut here ]------------"
tells "a second one is not" '^not ok'
expected='BUG: unable|Oops: '
judged "[ 1.0] BUG: unable to handle page fault for address: 0" "[ 1.1] Oops: 0003 [#1]"
tells "what a test expects is let pass" '^nothing'
judged "[ 1.0] BUG: unable to handle page fault for address: 0" "[ 1.1] Kernel panic - not syncing: x"
tells "what it does not expect is not" '^not ok - no panic'

cat >"$work/tests/fails.sh" <<'TEST'
DESCRIPTION="fails in many ways"
test() {
	equal "a check that fails" 1 2
	echo "WARNING: CPU: 0 PID: 1 at nothing.c:1 test+0x1/0x2" >/dev/kmsg
	mkdir /mnt/busy
	mount -t tmpfs none /mnt/busy
	exec 9>/mnt/busy/open
	(sleep 1000 <&9 &)
	insmod /bed/pmem_pks.ko no_such=parameter
	false
	pass "a check after the end"
}
cleanup() {
	pass "the cleanup"
}
TEST
cat >"$work/tests/panics.sh" <<'TEST'
DESCRIPTION="panics"
PMEM=""
test() {
	pass "all is well"
	echo c >/proc/sysrq-trigger
}
TEST
cat >"$work/tests/hangs.sh" <<'TEST'
DESCRIPTION="hangs"
TIMEOUT=15
PMEM=""
test() {
	pass "all is well"
	sleep 1000
}
TEST
cat >"$work/tests/does-not-panic.sh" <<'TEST'
DESCRIPTION="does not panic, and should"
PANIC=.
PMEM=""
test() {
	pass "all is well"
}
TEST
for name in fails panics hangs does-not-panic; do
	"$bed/run-test" "$series/$name" >"$work/$name" 2>&1 &
done
wait

found=$(cat "$work/fails")
tells "a failed check is seen" '^not ok [0-9]+ a check that fails$'
tells "a failed command is seen" '^not ok [0-9]+ line [0-9]+: false'
tells "a test that ends early is seen" '^not ok [0-9]+ the test came to its end'
tells "the cleanup is called all the same" '^ok [0-9]+ the cleanup'
tells "a warning is seen" '^not ok [0-9]+ the kernel warns of nothing'
tells "a busy mount is seen" '^not ok [0-9]+ what was mounted can be unmounted'
found=$(grep -c '^ok [0-9]* a check after the end' "$work/fails")
tells "nothing is done after a failed command" '^0$'
found=$(cat "$work/panics")
tells "a panic is seen" '^not ok [0-9]+ no panic'
tells "a guest that does not end by itself is seen" '^not ok [0-9]+ the guest ends by itself'
found=$(cat "$work/hangs")
tells "a hang is seen" '^not ok [0-9]+ the guest is done within 15 s'
found=$(cat "$work/does-not-panic")
tells "a missing panic is seen" '^not ok [0-9]+ the kernel panics, as it must'
