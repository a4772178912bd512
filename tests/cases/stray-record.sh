# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="the record of a stray write is right to the byte, and the last 256 are kept"
PMEM="64M 64M"

test() {
	local page offset

	fsdax_namespace
	fsdax_namespace namespace1.0
	load
	load_stray
	mkfs.ext4 -q -b 4096 /dev/pmem1
	on_pmem pmem1 /mnt/fs ext4 dax=always
	dd if=/dev/zero of=/mnt/fs/file bs=1M count=4 conv=fsync status=none
	/bed/mapped /mnt/fs/file 1 >&2
	page=$(($(file_start /mnt/fs/file pmem1) + 5 * 4096))
	# what the program has mapped begins with its own bytes
	place=$((page + 0x340))
	offset=$((place - $(range_start namespace1.0)))

	instructions $offset
	from_each_context
	in_each_mode
	no_file
	strings
	last_256
	a_module_that_is_gone
}

# The newest record, as a list of members
record() {
	jq -c "select(.function | test(\"$1\")) | [$2]" $pks_debug/log.json | tail -n 1
}

# stored WHAT INSTRUCTION WIDTH DATA
stored() {
	local before after

	before=$(date +%FT%T)
	# shellcheck disable=SC2016 # of the other shell
	taskset 2 bash -c 'echo $$ >/tmp/pid; echo "$1" >"$2"' offender \
		"$place 8 thread 1 1 $1" $stray/write
	after=$(date +%FT%T)
	equal "$1: namespace, offset, page, access, width, bytes, data, context, mode, outcome, number" \
		"$(record "^store_$1[+]" .namespace,.offset,.page_index,.access,.width,.bytes,.data,.context,.mode,.outcome,.count)" \
		"[\"namespace1.0\",$offset,5,\"write\",$2,$2,\"$3\",\"thread\",\"relaxed\",\"let through\",1]"
	equal "$1: task, pid, CPU" "$(record "^store_$1[+]" .comm,.pid,.cpu)" "[\"bash\",$(</tmp/pid),1]"
	equal "$1: the time" "$(record "^store_$1[+]" \
		".time >= \"$before\" and .time[0:19] <= \"$after\" and (.time | test(\"[.][0-9]{9}Z\$\")) and .first == .time")" "[true]"
	equal "$1: the stack, with the module" "$(record "^store_$1[+]" \
		'(.stack | map(sub("[+].*/0x[0-9a-f]+"; "")) | .[0:3])[]')" \
		"[\"store_$1 [pmem_pks_stray]\",\"stray_stores [pmem_pks_stray]\",\"stray_from_thread [pmem_pks_stray]\"]"
	# for the next one
	dd if=/dev/zero of=/mnt/fs/file bs=4096 seek=5 count=1 conv=notrunc,fsync status=none
}

instructions() {
	local offset=$1 instruction value=5354524159000000

	dd if=/dev/zero of=/mnt/fs/file bs=4096 seek=5 count=1 conv=notrunc,fsync status=none
	stored mov1 1 53
	stored mov2 2 5354
	stored mov4 4 53545241
	for instruction in mov8 movnti or add xchg xadd cmpxchg movs stos; do
		stored $instruction 8 $value
	done
	stored movups 16 $value$value
	stored vmovups 16 $value$value
}

from_each_context() {
	local context

	for context in kthread softirq hardirq nmi; do
		stray_writes $place 8 $context 1 xchg
		matches "$context is said, and the number" \
			"$(soon 5 record_has_context $context; record '^store_xchg[+]' .context,.count)" \
			"^\[\"${context/kthread/thread}\",[2345]\]$"
	done
	equal "of a kernel thread on the other CPU" \
		"$(stray_writes $place 8 kthread 1 xadd; record '^store_xadd[+]' .comm,.count)" '["stray",2]'
}

record_has_context() {
	[ "$(record '^store_xchg[+]' .context)" = "[\"${1/kthread/thread}\"]" ]
}

in_each_mode() {
	echo contain >$namespaces/namespace1.0/fault_mode
	stray_writes $place 8 thread 1 mov2
	equal "contain: what was dropped" "$(record '^store_mov2[+]' .width,.bytes,.data,.mode,.outcome)" \
		'[2,2,"5354","contain","dropped"]'
	equal "contain: the result of an operation, too" \
		"$(stray_writes $place 8 thread 1 add; record '^store_add[+]' .data,.outcome)" \
		"[\"$(peek $place 8 | sum_with_value)\",\"dropped\"]"
	echo strict >$namespaces/namespace1.0/fault_mode
	stray_writes $place 8 thread 1 mov4 spared
	equal "strict: what was denied" "$(record '^spared_mov4[+]' .width,.bytes,.data,.mode,.outcome)" \
		'[4,4,"53545241","strict","denied"]'
	echo inherit >$namespaces/namespace1.0/fault_mode
}

# Eight bytes, and the value that is added to them
sum_with_value() {
	local hex number i

	read -r hex
	number=0x
	for ((i = 14; i >= 0; i -= 2)); do
		number+=${hex:i:2}
	done
	little_endian $((number + 0x5941525453))
}

no_file() {
	stray_writes $(($(data_start pmem0) + 4096)) 8 thread 1 mov1
	equal "a page of no file has no index; another namespace has a record of its own" \
		"$(record '^store_mov1[+]' .namespace,.page_index,.count)" '["namespace0.0",null,1]'
	matches "last_stray tells of the last one" "$(<$namespaces/namespace0.0/last_stray)" \
		"^stray write to namespace0\.0\+0x[0-9a-f]+ by store_mov1\+0x[0-9a-f]+/0x[0-9a-f]+ \[pmem_pks_stray\], task bash:[0-9]+, CPU [01], let through$"
}

strings() {
	local start

	start=$(data_start pmem0)
	stray_writes $((start + 8192)) 100000 string 100000
	equal "a string of bytes: one of them, and all" "$(record '^stray_string[+]' .width,.bytes,.count)" '[1,100000,1]'
	equal "a string of bytes: the first 64" "$(record '^stray_string[+]' .data)" "[\"$(printf '5a%.0s' {1..64})\"]"
}

last_256() {
	local writes

	stray_writes $place 8 thread 1 row1
	stray_writes $place 8 thread 1 xchg
	writes=$(record '^store_xchg[+]' .count)
	check "a record is told of again" [ "${writes//[^0-9]/}" -gt 1 ]
	stray_writes $place 8 thread 1 row2
	equal "the last 256 are kept" "$(jq -s length $pks_debug/log.json)" 256
	equal "it is among them" "$(record '^store_xchg[+]' .count)" "$writes"
	equal "and one that was not is gone" "$(record '^store_xadd[+]' .count)" ""
	row
	equal "the last 256 of 300 are kept" "$(jq -s length $pks_debug/log.json)" 256
	equal "each once, the last ones" "$(jq -s 'map(.count == 1 and (.function | test("^store_row[12][+]"))) | all' $pks_debug/log.json)" true
	check "all are in order, and different" in_order
	row
	equal "the first ones come again, and 256 are kept" \
		"$(jq -s 'length, (map(.count) | max)' $pks_debug/log.json | xargs)" "256 1"
	all=$(strays)
	stray_writes $place 8 hardirq 1 row1
	equal "where interrupts are off, each is counted" $(($(strays) - all)) 150
	equal "and recorded or said to be not" \
		"$(jq -s 'map(select(.context == "hardirq") | .count) | add' $pks_debug/log.json) $(tail -n 1 $pks_debug/log)" \
		"16 134 more have no record"
}

# 300 instructions
row() {
	stray_writes $place 8 thread 1 row1
	stray_writes $place 8 thread 1 row2
}

in_order() {
	jq -r .function $pks_debug/log.json |
		sed 's/.*_row\(.\)+\(0x[0-9a-f]*\).*/\1 << 16 | \2/' |
		while read -r number; do
			echo $((number))
		done | sort -nuc
}

a_module_that_is_gone() {
	rmmod pmem_pks_stray
	matches "the record of a module that is gone has its name" "$(grep -c 'store_row.*\[pmem_pks_stray\]' $pks_debug/log)" '^[0-9]{3}'
}

cleanup() {
	umount /mnt/fs
}
