# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="files have the modes that are documented, and nobody but root learns of addresses and others' I/O"
QUICK=1
PMEM=256M

# What a virtual address of the kernel's looks like
address='ffff[0-9a-f]{12}'

test() {
	fsdax_namespace
	insmod /bed/pmem_pks_writer.ko
	load
	place=$(($(range_end namespace0.0) - 7))

	unnamed
	gone
	equal "the files' modes are those that are documented" "$(modes | sort)" "$(documented | sort)"
	as_a_user
}

# A store that no symbol covers: a kprobe's copy of one. The copy is made while the
# module is away: ftrace keeps the symbols of what was freed behind its init, and
# the copy may come to lie there.
unnamed() {
	local events=/sys/kernel/tracing/kprobe_events store before

	write_pmem
	store=$(sed 's/.* by \([^/]*\).*/\1/' $namespaces/namespace0.0/last_stray)
	matches "a stray write is by a function that has a name" "$store" '^writer_itself\+0x'
	unload
	echo "p:copied pmem_pks_writer:$store" >$events
	echo 1 >/sys/kernel/tracing/events/kprobes/copied/enable
	load
	before=$(strays)
	dmesg -c >/dev/null
	write_pmem
	equal "one by a copy of its instruction is counted" $(($(strays) - before)) 1
	equal "and told in the log" "$(logged 'by an unknown address,')" 1
	matches "and as the last one" "$(<$namespaces/namespace0.0/last_stray)" "by an unknown address,"
	no_address "a store that has no symbol"
	equal "its record says the same" \
		"$(jq -r 'select(.function == "an unknown address") | .stack[0]' $pks_debug/log.json)" \
		"an unknown address"
	echo 0 >/sys/kernel/tracing/events/kprobes/copied/enable
	: >$events
}

write_pmem() {
	echo "itself $place" >/sys/kernel/debug/pmem_pks_writer/run
}

# One by a module that is not there any more when somebody reads
gone() {
	write_pmem
	rmmod pmem_pks_writer
	no_address "a module that is gone"
	equal "its function's name has stayed" "$(grep -c 'by writer_itself+.*\[pmem_pks_writer\]' $pks_debug/log)" 1
}

# no_address WHAT: root reads none, either
no_address() {
	refuse "$1: no file tells an address" sh -c "find $pks $pks_debug -type f -exec cat {} + | grep -E '$address'"
	refuse "$1: nor does the log" sh -c "dmesg | grep -E 'pmem_pks.*$address'"
}

modes() {
	find $pks $pks_debug -type f -exec stat -c '%n 0%a' {} + | sed 's/namespace0\.0/<device>/'
}

# "What:" of one or more files, and the first mode that follows
documented() {
	awk '
	FNR == 1 { n = described = 0 }
	$1 == "What:" { files[++n] = $2 }
	match($0, /\(R[OW], 0[0-7]+\)/) {
		for (i = 1; i <= n; i++)
			print files[i], substr($0, RSTART + 5, RLENGTH - 6)
	}
	/^Description:/ { described = 1 }
	/^$/ && described { n = described = 0 }' \
		/bed/sysfs-kernel-pmem-pks /bed/debugfs-pmem-pks
}

user() {
	/bed/unprivileged bash -c "$1"
}

as_a_user() {
	local file

	chmod 755 /
	equal "a user is none of root" "$(user 'echo $UID')" 65534
	for file in $pks/{writers,grants,degraded} $namespaces/namespace0.0/{range,last_stray} \
		    /sys/module/pmem_pks/parameters/writers $pks_debug/{log,log.json,leaves,hook_selftest,writers,unknown_writers} \
		    /sys/kernel/tracing/events/pmem_pks/stray_access/format; do
		check "root reads ${file#/sys/}" cat "$file"
		refuse "a user can't read ${file#/sys/}" user "cat $file"
	done
	for file in $pks/{stray_writes,stray_reads,pinned_writes,fail_open,fault_mode} \
		    $namespaces/namespace0.0/{protect,fault_mode,key,stray_writes,pinned_writes} \
		    /sys/module/pmem_pks/parameters/{fault_mode,protect,pinned,degrade}; do
		equal "a user reads what root reads in ${file#/sys/}" "$(user "cat $file")" "$(<"$file")"
	done
	refuse "in all that a user can read there is no address" \
		user "find $pks /sys/module/pmem_pks -type f -exec cat {} + 2>/dev/null |
			grep -aE '$address|$(range_start namespace0.0 | cut -c3-)'"
	refuse "a user can write none of them" \
		user "find $pks /sys/module/pmem_pks -type f -writable 2>/dev/null | grep ."
}
