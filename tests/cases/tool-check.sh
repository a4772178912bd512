# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="ndctl-pks check says whether this kernel can be protected, and who has a function and whose it is"
PMEM=192M
TAINT=32768	# the live patch's

# says WHAT STATUS PART NAME VERDICT TEXT: a check that ends so has that finding
says() {
	local status=0 found

	ndctl-pks check --json >/tmp/check || status=$?
	found=$(jq -r --arg part "$3" --arg name "$4" \
		'.checks[] | select(.part == $part and .name == $name) | .verdict + " " + .text' /tmp/check)
	matches "$1" "$status $found" "^$2 $5 $6\$"
}

# held FUNCTION HOLDER: it is missing, for that one has it, and nothing else is missing
held() {
	says "$1: who has it" 1 conflict "$1" no "HELD by $2"
	equal "$1: nothing else is missing" "$(jq '[.checks[] | select(.verdict == "no")] | length' /tmp/check)" 1
	equal "$1: how to get it is said" "$(jq '[.checks[] | select(.verdict == "no" and .how == null)] | length' /tmp/check)" 0
	refuse "$1: no address is printed" grep -qE '(0x|[^0-9a-f])f{4}[0-9a-f]{12}' /tmp/check
}

test() {
	local module release plus

	release=$(uname -r)
	# In a regular expression
	plus=${release//+/[+]}
	module=/lib/modules/$release/updates/pmem_pks.ko
	chmod 755 /
	mount -t securityfs none /sys/kernel/security
	says "the CPU" 1 cpu PKS yes "this guest has it, from QEMU's emulation .*"
	says "no module" 1 module pmem_pks no "MISSING: it is not installed for the kernel $plus"
	mkdir -p "${module%/*}"
	sed 's/vermagic=[0-9]/vermagic=X/' /bed/pmem_pks.ko >"$module"
	says "another kernel's module" 1 module pmem_pks no "WRONG: ${module//+/[+]} was built for the kernel X.*"
	cp /bed/pmem_pks.ko "$module"
	says "the module is installed" 0 module pmem_pks yes "installed: ${module//+/[+]}"
	says "it is not signed" 0 module signature yes "none; this kernel needs none"
	says "nobody has a function" 0 conflict ftrace yes "nobody else has a function that is hooked"
	cp /tmp/check /tmp/root
	equal "each option, symbol and hook is there" "$(jq -r '.protectable' /tmp/root)" yes
	another_kernel
	as_a_user
	held_by_each
	echo 0 >/proc/sys/kernel/ftrace_enabled
	says "ftrace is off" 1 conflict kernel.ftrace_enabled no "OFF: no function can be hooked"
	echo 1 >/proc/sys/kernel/ftrace_enabled
	load
	says "loaded" 0 module pmem_pks yes "loaded, version .*"
	matches "the first line answers" "$(ndctl-pks check)" '^Can be protected: yes\.'
	mv "/boot/config-$release" /tmp/
	says "loaded, it needs no configuration to look at" 0 option "(all)" note "there is no configuration to look at"
	unload
}

# One that is installed, and is not the one that runs
another_kernel() {
	local status=0

	mkdir -p /lib/modules/9.9
	cp /proc/kallsyms /boot/System.map-9.9
	grep -v CONFIG_KPROBES= "/boot/config-$(uname -r)" >/boot/config-9.9
	ndctl-pks check --kernel 9.9 >/tmp/another || status=$?
	cat /tmp/another >&2
	equal "another kernel: it lacks something" "$status" 1
	check "an option" grep -qE '^option +KPROBES +MISSING' /tmp/another
	check "the module" grep -qE '^module +pmem_pks +MISSING: .* 9\.9$' /tmp/another
	refuse "and nothing else" grep -qE '^(symbol|hook) .*MISSING' /tmp/another
	status=0
	ndctl-pks check --kernel 9.8 2>/tmp/another >&2 || status=$?
	equal "a kernel that is not there" "$status $(</tmp/another)" \
		"2 ndctl-pks: there is no kernel 9.8 here: see ls /boot /lib/modules"
}

as_a_user() {
	local status=0

	/bed/unprivileged ndctl-pks check --json >/tmp/user || status=$?
	equal "a user can't be told all" "$status" 2
	equal "only who has a function" \
		"$(jq -c '[.checks[] | select(.verdict == "unknown") | [.part, .name, .how]]' /tmp/user)" \
		'[["conflict","ftrace","Run this as root."]]'
	equal "all else is the same" "$(jq -c '[.checks[] | select(.part != "conflict")]' /tmp/user)" \
		"$(jq -c '[.checks[] | select(.part != "conflict")]' /tmp/root)"
}

held_by_each() {
	local enabled=/sys/kernel/livepatch/pmem_pks_livepatch/enabled

	insmod /bed/pmem_pks_stray.ko occupy=dax_zero_range
	held dax_zero_range 'the module pmem_pks_stray \(occupy_callback\)'
	rmmod pmem_pks_stray
	insmod /bed/pmem_pks_ftrace.ko probe=dax_zero_range
	held dax_zero_range "a kprobe with a post_handler"
	rmmod pmem_pks_ftrace
	hold "a BPF program has a writer" /bed/fentry dax_zero_range
	held dax_zero_range "the BPF program $(cut -d' ' -f2 /tmp/held) \(held_$holder\) of the process fentry:$holder"
	exec 8>&-
	wait "$holder"
	check "the program goes" soon 10 sh -c "! grep dax_zero_range /sys/kernel/tracing/enabled_functions"
	insmod /bed/pmem_pks_livepatch.ko
	held dax_file_unshare "the live patch pmem_pks_livepatch"
	/bed/unprivileged ndctl-pks check >/tmp/user || true
	check "a user sees a live patch" grep -qE '^conflict +dax_file_unshare +HELD by the live patch' /tmp/user
	check "it is in place" soon 60 grep -q 0 "${enabled%enabled}transition"
	echo 0 >$enabled
	check "it goes" soon 60 [ ! -e $enabled ]
	rmmod pmem_pks_livepatch
}
