# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="selftest proves that a namespace is protected, in each mode, and does no harm"
QUICK=1
SMP=3
PMEM="256M 64M"
EXPECT="self-test of namespace0.0: a stray write in .* is not caught"
# The msr driver, as it is written to
TAINT=4

# try NAMESPACE: the result, and the exit status of the write
try() {
	local status=0

	(echo 1 >$namespaces/$1/selftest) 2>/dev/null || status=$?
	cat $namespaces/$1/selftest
	echo "$status"
}

test() {
	local mode outcome before

	fsdax_namespace
	ndctl create-namespace -f -e namespace1.0 -m devdax >&2
	mkfs.ext4 -q -b 4096 /dev/pmem0
	load
	equal "at first there is no result" "$(<$namespaces/namespace0.0/selftest)" ""
	before=$(digest /dev/pmem0)
	for mode in "relaxed let through" "contain dropped" "strict denied" "panic denied"; do
		outcome=${mode#* }
		echo ${mode%% *} >$pks/fault_mode
		works namespace0.0 "$outcome" "${mode%% *}"
	done
	echo relaxed >$namespaces/dax1.0/fault_mode
	works dax1.0 "let through" "the namespace's own mode"
	equal "no byte is another" "$(digest /dev/pmem0)" "$before"
	no_false_alarm "nothing is counted"
	equal "nothing is recorded" "$(wc -c <$pks_debug/log.json)" 0
	equal "and nothing logged" "$(logged 'stray write to')" 0
	equal "nor is there a last one" "$(<$namespaces/namespace0.0/last_stray)" ""
	refused
	echo relaxed >$pks/fault_mode
	during_io
	caught "a stray write is caught after all that" namespace0.0
	sees_what_is_wrong
}

works() {
	local said

	said=$(try $1)
	matches "$3: $1: all its leaves carry the key" "$said" '^leaves: ([1-9][0-9]*) of \1 carry key [12]
'
	matches "$3: it is caught in each context, and $2" "$said" "
a thread: caught, reported, $2, [1-9][0-9]* ns
a softirq: caught, reported, $2, [1-9][0-9]* ns
an interrupt: caught, reported, $2, [1-9][0-9]* ns
2 other CPUs: caught, reported, $2, [1-9][0-9]* ns
result: works
0\$"
}

refused() {
	local word

	for word in 0 2 "" yes "1 1"; do
		refuse "writing ${word@Q} is refused" sh -c "echo '$word' >$namespaces/namespace0.0/selftest"
	done
}

# Two at a time, with writers beside them
during_io() {
	local i

	on_pmem pmem0 /mnt/fs ext4 dax=always
	verified_io 5 --ioengine=psync --directory=/mnt/fs >/tmp/fio 2>&1 &
	for i in $(seq 10); do
		try dax1.0 | tail -n 1
	done >/tmp/other &
	for i in $(seq 10); do
		try namespace0.0 | tail -n 1
	done >/tmp/one
	check "fio verifies meanwhile" wait %1
	wait
	equal "twenty at a time with it pass" "$(sort /tmp/one /tmp/other | uniq -c | xargs)" "20 0"
	no_false_alarm "no writer is taken for a stray one"
	umount /mnt/fs
}

sees_what_is_wrong() {
	echo 0 >$namespaces/namespace0.0/protect
	equal "no protection is seen" "$(try namespace0.0 | xargs)" "protection: off result: does not work 1"
	echo 1 >$namespaces/namespace0.0/protect
	works namespace0.0 "let through" "on again"
	# A CPU that denies nothing. The thread may be on it, or not.
	modprobe msr
	head -c 8 /dev/zero | dd of=/dev/cpu/1/msr bs=8 seek=$((0x6e1)) oflag=seek_bytes conv=notrunc status=none
	matches "a CPU that denies nothing is seen" "$(try namespace0.0)" '
(a thread|a softirq|an interrupt|an interrupt of CPU 1): is not caught
result: does not work
1$'
}
