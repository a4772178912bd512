# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="bad parameters and hostile writes to sysfs are refused and change nothing"
PMEM=256M
TIMEOUT=300

test() {
	local bad out status

	fsdax_namespace
	for bad in fault_mode=bogus fault_mode= fault_mode=relaxedx fault_mode=strict,relaxed fault_mode=inherit \
		   protect=some protect= protect=2 degrade=2 degrade=interrupts; do
		status=0
		out=$(load "$bad" 2>&1) || status=$?
		refuse "$bad: insmod fails" [ $status = 0 ]
		matches "$bad: with EINVAL" "$out" "Invalid (argument|parameters)"
		refuse "$bad: no module is left" [ -d /sys/module/pmem_pks ]
	done
	nothing_left_behind

	load
	equal "these can be written, and no others" \
		"$(find $pks $pks_debug -type f -perm -200 | sort | xargs)" \
		"$(echo $pks/fault_mode $namespaces/namespace0.0/{fault_mode,protect,selftest} $pks/writers)"
	hostile $pks/fault_mode relaxed strict inherit
	hostile $namespaces/namespace0.0/fault_mode inherit strict
	hostile $namespaces/namespace0.0/protect 1 0 2
	hostile $namespaces/namespace0.0/selftest 1 1 0
	hostile $pks/writers "" +vfs_fsync_range
	concurrent
	for bad in $pks/{stray_writes,grants,fail_open,degraded} \
		   $namespaces/namespace0.0/{key,range,stray_writes,last_stray}; do
		refuse "${bad##*/} can't be written" set_to "$bad" 1
	done
	caught "a stray write is caught afterwards" namespace0.0
}

set_to() {
	printf '%s\n' "$2" 2>/dev/null >"$1"
}

# hostile FILE VALUE OTHER [WRONG]: whatever is not a value is refused, though it
# begin with another value than it has
hostile() {
	local file=$1 value=$2 other=$3 name=${1#"$pks"/} before bad

	before=$(<"$file")
	for bad in "" " " -1 -0 99999999999999999999 0x1 "$other $other" "$other,$value" " $other" \
		   "$other " "${other}x" "${other:0:-1}" $'\xff\xfe' "%n%s" ${4:+"$4"} \
		   "$(head -c 65536 /dev/zero | tr '\0' s)" "$other$(head -c 65536 /dev/zero | tr '\0' ' ')"; do
		refuse "$name takes no \"$(tr -cd '[:print:]' <<<"${bad:0:20}")\" of ${#bad} bytes" set_to "$file" "$bad"
	done
	printf '%s\0' "$other" >/tmp/zero
	printf '%s\n\0%s\n' "$other" "$other" >/tmp/zeroes
	head -c 65536 /dev/urandom >/tmp/random
	for bad in /tmp/zero /tmp/zeroes /tmp/random; do
		refuse "$name takes no ${bad#/tmp/}" dd if=$bad of="$file" bs=64k status=none
	done
	: >"$file"
	equal "$name is as it was" "$(<"$file")" "$before"
}

# Everybody at once, right and wrong
concurrent() {
	local i round word jobs=()

	for ((i = 0; i < 4; i++)); do
		(
			for round in {1..30}; do
				for word in relaxed bogus contain; do
					set_to $pks/fault_mode $word || true
				done
				for word in inherit -1 contain; do
					set_to $namespaces/namespace0.0/fault_mode $word || true
				done
				for word in 0 2 1; do
					set_to $namespaces/namespace0.0/protect $word || true
				done
				for word in +vfs_fsync_range +- -vfs_fsync_range; do
					set_to $pks/writers $word || true
				done
				set_to $namespaces/namespace0.0/selftest 1 || true
				cat $pks/writers $pks_debug/log $pks_debug/leaves
			done
		) >/dev/null 2>&1 &
		jobs+=($!)
	done
	wait "${jobs[@]}"
	equal "they leave what somebody wrote" \
		"$(cat $pks/fault_mode $namespaces/namespace0.0/{fault_mode,protect} | xargs)" "contain contain 1"
	set_to $pks/fault_mode relaxed
	set_to $namespaces/namespace0.0/fault_mode inherit
	set_to $pks/writers -vfs_fsync_range || true
	equal "writers are what they were" "$(sed -n '/vfs_fsync_range/p' $pks/writers)" ""
}
