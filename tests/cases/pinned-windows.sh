# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="many pinned writes in a row get their thread a window, which ends at each thing that comes between, or after 50 us"
QUICK=1
PMEM=128M
SMP=1
# A nanosecond is an instruction
QEMU_ARGS="-icount shift=0,sleep=off"

test() {
	fsdax_namespace
	mkfs.ext4 -q -b 4096 /dev/pmem0
	load
	on_pmem pmem0 /mnt/fs ext4 dax=always
	dd if=/dev/zero of=/mnt/fs/mapped bs=1M count=4 conv=fsync status=none
	load_stray
	page=$(($(file_start /mnt/fs/mapped pmem0) + 4096))
	hold "a page is pinned" /bed/pinned hold /mnt/fs/mapped

	row row "a window" "1 0 open still"
	equal "all of the row is written" "$(peek $page 800)" "$(printf '5354524159000000%.0s' {1..100})"
	row row-irq "an interrupt ends it" "1 1 open closed"
	check "at once" sooner
	row row-irq-store "an interrupt's own store is stray" "1 2 open closed"
	row row-sleep "a switch to another thread ends it" "1 1 open closed"
	check "at once" sooner
	row row-thread-store "the other thread's own store is stray" "1 2 open closed"
	row row-fault "a page fault ends it" "1 1 open closed"
	check "at once" sooner
	row row-late "it ends by itself" "1 1 open closed"
	check "after 50 us" lasts 40000 52000
	row row-off "with interrupts off there is none" "0 1 closed closed"
	equal "and each store is counted" $pinned 100
	counts_each hardirq
	counts_each nmi
	counts_each breakpoint
	[ "$(<$pks/pinned_windows)" -gt 0 ]
	equal "the total is the namespace's" "$(<$pks/pinned_windows)" \
		"$(<$namespaces/namespace0.0/pinned_windows)"
	let_go
	unload

	load pinned=step
	equal "pinned=step can be read back" "$(</sys/module/pmem_pks/parameters/pinned)" step
	on_pmem pmem0 /mnt/fs ext4 dax=always
	hold "a page is pinned" /bed/pinned hold /mnt/fs/mapped
	row row "pinned=step: no window" "0 1 closed closed"
	equal "pinned=step: each store is counted" $pinned 100
	let_go
}

let_go() {
	exec 8>&-
	wait
	rm /tmp/go
	umount /mnt/fs
}

# row CONTEXT WHAT "WINDOWS STRAYS open|closed still|closed": 100 stores to the
# pinned page, then one to the page behind it
row() {
	local strays open closed

	windows=$(<$pks/pinned_windows)
	pinned=$(<$pks/pinned_writes)
	strays=$(strays)
	stray_writes $page 8192 "$1" 100
	read -r open closed ns <$stray/window
	[ "$open" = 1 ] && open=open || open=closed
	[ "$closed" = 1 ] && closed=closed || closed=still
	windows=$(($(<$pks/pinned_windows) - windows))
	pinned=$(($(<$pks/pinned_writes) - pinned))
	equal "$1: $2" "$windows $(($(strays) - strays)) $open $closed" "$3"
	[ $windows = 0 ] || check "$1: after 8 stores" [ $pinned -le 9 ]
	say "$1: $pinned pinned writes, $ns ns"
}

# counts_each CONTEXT: it gets no window
counts_each() {
	windows=$(<$pks/pinned_windows)
	pinned=$(<$pks/pinned_writes)
	stray_writes $page 8 "$1" 100
	equal "$1: no window, and each store is counted" \
		"$(($(<$pks/pinned_windows) - windows)) $(($(<$pks/pinned_writes) - pinned))" "0 100"
}

lasts() {
	echo "$ns ns"
	[ "$ns" -ge "$1" ] && [ "$ns" -le "$2" ]
}

# Not by its time
sooner() {
	lasts 0 45000
}

cleanup() {
	exec 8>&-
	umount /mnt/fs
}
