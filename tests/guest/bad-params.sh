# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="bad parameters and hostile writes to sysfs are refused and change nothing"
PMEM=256M

test() {
	local bad out status

	fsdax_namespace
	for bad in fault_mode=bogus fault_mode= fault_mode=relaxedx fault_mode=strict,relaxed \
		   protect=some protect= protect=2; do
		status=0
		out=$(load "$bad" 2>&1) || status=$?
		refuse "$bad: insmod fails" [ $status = 0 ]
		matches "$bad: with EINVAL" "$out" "Invalid (argument|parameters)"
		refuse "$bad: no module is left" [ -d /sys/module/pmem_pks ]
	done
	nothing_left_behind

	load
	for bad in bogus "" 0 "strict relaxed" relaxe "$(head -c 5000 /dev/zero | tr '\0' s)"; do
		refuse "fault_mode takes no \"${bad:0:20}\"" set_to $pks/fault_mode "$bad"
	done
	equal "the mode is as it was" "$(cat $pks/fault_mode)" relaxed
	for bad in 2 -1 x "" " " "$(head -c 5000 /dev/zero | tr '\0' 9)"; do
		refuse "protect takes no \"${bad:0:20}\"" set_to $namespaces/namespace0.0/protect "$bad"
	done
	equal "the namespace is as it was" "$(cat $namespaces/namespace0.0/protect)" 1
	for bad in $pks/{stray_writes,grants,fail_open} \
		   $namespaces/namespace0.0/{key,range,stray_writes,last_stray}; do
		refuse "${bad##*/} can't be written" set_to "$bad" 1
	done
	caught "a stray write is caught afterwards" namespace0.0
}

set_to() {
	printf '%s\n' "$2" 2>/dev/null >"$1"
}
