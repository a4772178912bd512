# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="what the module's code allocates from load to removal is freed"
PMEM="64M 64M"

trace=/sys/kernel/tracing

test() {
	local start size

	fsdax_namespace
	fsdax_namespace namespace1.0
	echo 32768 >$trace/buffer_size_kb
	echo 'comm == "insmod" || comm == "rmmod"' >$trace/events/kmem/kmalloc/filter
	for event in kmalloc kfree; do
		echo 1 >$trace/events/kmem/$event/enable
	done
	load
	start=$(</sys/module/pmem_pks/sections/.text)
	size=$(</sys/module/pmem_pks/coresize)
	unload
	echo 0 >$trace/tracing_on

	refuse "no event is lost" grep '^overrun: [1-9]' $trace/per_cpu/cpu*/stats
	# With the module gone, its code has no names
	sed -n 's/.* \(kmalloc\|kfree\): call_site=0x\([0-9a-f]*\) ptr=\([^ ]*\).*/\1 \2 \3/p
		s/.* \(kfree\): call_site=[^0].* ptr=\([^ ]*\).*/\1 - \2/p' $trace/trace >/tmp/events
	while read -r event site ptr; do
		if [ "$event" = kfree ]; then
			unset "held[$ptr]"
		elif ((0x$site - start >= 0 && 0x$site - start < size)); then
			held[$ptr]=+$((0x$site - start))
			count=$((count + 1))
		fi
	done </tmp/events
	check "it allocates" [ "$count" -ge 5 ]
	equal "and frees all of it" "${held[*]}" ""
}

declare -A held
count=0

cleanup() {
	echo 0 >$trace/events/kmem/enable
	echo 0 >$trace/events/kmem/kmalloc/filter
	echo 1 >$trace/tracing_on
}
