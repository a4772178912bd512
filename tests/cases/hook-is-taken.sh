# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="a function of the kernel that can't be hooked fails the load with its name and its holder, and nothing is left"
PMEM=192M
TAINT=32768	# the live patch's

test() {
	local function

	fsdax_namespace
	remember_hooks
	for function in bad_area_nosemaphore __warn __memcpy_flushcache \
			dax_zero_range memunmap_pages devm_memremap_release; do
		insmod /bed/pmem_pks_stray.ko occupy=$function
		refused "$function" "the module pmem_pks_stray \(occupy_callback\)"
		rmmod pmem_pks_stray
		nothing_left_behind
		rmmod pmem_pks_stray
	done
	held_by_bpf
	held_by_livepatch
	insmod /bed/pmem_pks_ftrace.ko probe=dax_zero_range
	refused dax_zero_range "a kprobe with a post_handler"
	rmmod pmem_pks_ftrace
	load
	caught "with the functions free again, a stray write is caught" namespace0.0
	held_by_itself
}

# refused FUNCTION HOLDER: it can't be loaded, and says why in one line
refused() {
	local status=0

	dmesg -c >/dev/null
	load || status=$?
	refuse "$1: loading fails" [ $status = 0 ]
	matches "$1: the log names it and who has it" "$(dmesg)" \
		"pmem_pks: cannot hook $1 \(-16\): held by $2"$'(\n|$)'
	equal "$1: in one line" "$(logged pmem_pks:)" 1
	refuse "$1: no module is left" [ -d /sys/module/pmem_pks ]
}

held_by_bpf() {
	local id

	hold "a BPF program has a writer" /bed/fentry dax_zero_range
	id=$(cut -d' ' -f2 /tmp/held)
	refused dax_zero_range "the BPF program $id \(held_$holder\) of the process fentry:$holder"
	exec 8>&-
	wait "$holder"

	mkdir -p /tmp/bpf
	mount -t bpf none /tmp/bpf
	/bed/fentry dax_zero_range /tmp/bpf/one >/tmp/held
	/bed/fentry dax_zero_range /tmp/bpf/two >>/tmp/held
	mapfile -t id <<<"$(cut -d' ' -f2 /tmp/held)"
	refused dax_zero_range \
		"the BPF program ${id[0]} \(held_[0-9]+\), the BPF program ${id[1]} \(held_[0-9]+\)"
	umount /tmp/bpf
	check "the programs go" soon 10 sh -c \
		"! grep dax_zero_range /sys/kernel/tracing/enabled_functions"
	nothing_left_behind
}

held_by_livepatch() {
	local enabled=/sys/kernel/livepatch/pmem_pks_livepatch/enabled

	insmod /bed/pmem_pks_livepatch.ko
	refused dax_file_unshare "the live patch pmem_pks_livepatch"
	check "it is in place" soon 60 grep -q 0 "${enabled%enabled}transition"
	echo 0 >$enabled
	check "it goes" soon 60 [ ! -e $enabled ]
	rmmod pmem_pks_livepatch
	nothing_left_behind
}

held_by_itself() {
	dmesg -c >/dev/null
	refuse "what the module itself has is refused" \
		sh -c "echo +finish_task_switch.isra.0 >$pks/writers"
	matches "and it is said to be the holder" "$(dmesg)" \
		"cannot hook finish_task_switch.isra.0 \(-16\): held by the module pmem_pks \(shield_switch_trampoline_code\)"
}
