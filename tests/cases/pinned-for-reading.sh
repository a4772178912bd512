# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="a reader's pin takes no page's protection away, and a writer's is one to its end"
PMEM=256M

test() {
	local way

	fsdax_namespace
	# So that 2 MiB of a file can be mapped by one entry
	mkfs.ext4 -q -b 4096 -E stride=512 /dev/pmem0
	on_pmem pmem0 /mnt/fs ext4 dax=always
	chmod 755 /mnt /mnt/fs
	xfs_io -f -c "falloc 0 4m" /mnt/fs/held
	dd if=/dev/zero of=/mnt/fs/held bs=1M count=4 conv=notrunc,fsync status=none
	chmod 644 /mnt/fs/held
	page=$(($(file_start /mnt/fs/held pmem0) + 4096))
	load fault_mode=contain
	load_stray

	a_reader "a reader's pin"
	with_writers_about
	read_while_dirty
	older_than_the_module
	by_huge_entries
	slow_disk
	for way in "" "sync -f /mnt/fs" "sync /mnt/fs/late"; do
		late $way
	done
	check "every CPU is closed" closed_on_every_cpu namespace0.0
	dmsetup remove slow
}

# A stray write to the page that is held: "<pinned> <stray>"
counted() {
	local pinned strays

	pinned=$(<$pks/pinned_writes)
	strays=$(strays)
	stray_writes $page 8 thread 1
	echo "$(($(<$pks/pinned_writes) - pinned)) $(($(strays) - strays))"
}

# let_go: end the holder
let_go() {
	exec 8>&-
	wait "$holder"
	rm /tmp/go
}

zero() {
	dd if=/dev/zero of=/mnt/fs/held bs=4k count=3 conv=notrunc,fsync status=none
}

a_reader() {
	zero
	hold "$1: another user has a page in a pipe" /bed/pinned read /mnt/fs/held
	equal "$1: a stray write to it is one" "$(counted)" "0 1"
	equal "$1: and is dropped" "$(peek $page 8)" 0000000000000000
	let_go
}

# Somebody has the file open for writing, and mapped, and is not writing the page
with_writers_about() {
	exec 9<>/mnt/fs/held
	a_reader "while the file is open for writing"
	exec 9>&-
	mkfifo /tmp/commands
	xfs_io /mnt/fs/held </tmp/commands &
	mapper=$!
	exec 9>/tmp/commands
	echo "mmap -rw 0 4m" >&9
	check "somebody maps it" soon 10 grep -q "rw-s.*/held" /proc/$mapper/maps
	a_reader "while it is mapped for writing"
	exec 9>&-
	wait $mapper
}

# What a shared mapping has written may be pinned for writing, until it is written
# back and let go
read_while_dirty() {
	xfs_io -c "mmap -rw 0 4m" -c "mwrite 0 64k" /mnt/fs/held
	hold "a reader has a page that a mapping has written" /bed/pinned read /mnt/fs/held
	equal "it can't be told from a writer's" "$(counted)" "1 0"
	sync /mnt/fs/held
	equal "nor when the page is written back" "$(counted)" "1 0"
	let_go
	hold "let go and held again" /bed/pinned read /mnt/fs/held
	check "soon it can be told" soon 60 is_stray
	let_go
}

# 6.1 tags a page as written when it is read: the file is written back, and the
# worker that looks for such pages has its time before the next reader comes
is_stray() {
	let_go
	sync /mnt/fs/held
	sleep 6
	mkfifo /tmp/go
	/bed/pinned read /mnt/fs/held </tmp/go >/tmp/held &
	holder=$!
	exec 8>/tmp/go
	soon 10 grep -q held /tmp/held && [ "$(counted)" = "0 1" ]
}

older_than_the_module() {
	unload
	zero
	hold "a page is pinned when the module is loaded" /bed/pinned read /mnt/fs/held
	load fault_mode=contain
	equal "for what is not known" "$(counted)" "1 0"
	let_go
	zero
	unload
	load fault_mode=contain
	a_reader "loaded again"
}

by_huge_entries() {
	local tracing=/sys/kernel/tracing

	echo 1 >$tracing/events/fs_dax/dax_pmd_fault_done/enable
	umount /mnt/fs
	on_pmem pmem0 /mnt/fs ext4 dax=always
	a_reader "2 MiB in one entry"
	xfs_io -c "mmap -rw 0 4m" -c "mwrite 0 64k" /mnt/fs/held
	hold "2 MiB in one entry: a mapping has written some of it" /bed/pinned read /mnt/fs/held
	equal "and may have pinned the rest" "$(counted)" "1 0"
	sync /mnt/fs/held
	equal "also when it is written back" "$(counted)" "1 0"
	let_go
	echo 0 >$tracing/events/fs_dax/dax_pmd_fault_done/enable
	check "they were so mapped" grep -q "dax_pmd_fault_done.*NOPAGE" $tracing/trace
}

# One whose reads wait while it is suspended
slow_disk() {
	modprobe brd rd_nr=1 rd_size=8192
	modprobe dm_mod
	export DM_DISABLE_UDEV=1
	dd if=/dev/urandom of=/dev/ram0 bs=1M count=1 oflag=direct status=none
	dmsetup create slow --table "0 16384 linear /dev/ram0 0"
	dmsetup mknodes
}

# late [COMMAND...]: a read into a file's pages goes on when the file is neither
# mapped nor open any more, and the command has been done
late() {
	local strays pinned

	dd if=/dev/zero of=/mnt/fs/late bs=1M count=2 conv=fsync status=none
	strays=$(strays)
	pinned=$(<$pks/pinned_writes)
	dmsetup suspend --nolockfs slow
	hold "${*:-nothing}: a read is under way" /bed/pinned late /mnt/fs/late /dev/mapper/slow
	"$@"
	dmsetup resume slow
	exec 8>&-
	check "${*:-nothing}: each byte of it arrives" wait "$holder"
	rm /tmp/go
	equal "${*:-nothing}: without a false alarm" "$(strays)" "$strays"
	check "${*:-nothing}: and is counted as pinned" [ "$(<$pks/pinned_writes)" -gt "$pinned" ]
}

cleanup() {
	dmsetup resume slow
	dmsetup remove_all --force
}
