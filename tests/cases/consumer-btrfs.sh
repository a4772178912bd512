# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="Debian's btrfs, built unchanged with this project's headers, works beside the module, and is granted what it maps"
FILESYSTEMS=btrfs
TIMEOUT=360
PMEM=768M
# A disk that is empty at each start
QEMU_ARGS="-drive if=virtio,format=raw,snapshot=on,file=null-co://"

test() {
	local kind

	fsdax_namespace
	load
	load_built btrfs
	seq 1000000 2250000 >/tmp/numbers
	for kind in no zstd lzo; do
		mkfs.btrfs -q -f /dev/pmem0 >&2
		on_pmem pmem0 /mnt/fs btrfs compress=$kind
		check "compress=$kind: the mount is the built one's" [ "$(</sys/module/btrfs/refcnt)" -gt 0 ]
		case $kind in
		no) short_life /mnt/fs ;;
		*) shrinking_files /mnt/fs ;;
		esac
		same_after_remount pmem0 /mnt/fs btrfs compress=$kind
		check "compress=$kind: scrub finds nothing" btrfs scrub start -B -r /mnt/fs
		umount /mnt/fs
		check "compress=$kind: nor does the check" btrfs check --readonly /dev/pmem0
	done
	reads_are_granted
	no_false_alarm "no write was taken for a stray one"
	check "protected all the while" closed_on_every_cpu namespace0.0
	caught "a stray write is caught afterwards" namespace0.0
	rmmod btrfs
	check "and pmem_pks after it" unload
}

# Files that are compressed, each of 10 MB
shrinking_files() {
	cp /tmp/numbers "$1/"
	head -c 10000000 /dev/zero >"$1/zeroes"
	check "blocks are written" lasting_io "$1"
}

# btrfs keeps its own pages in RAM. It maps pages of pmem when it has to look
# into a user's buffer that is a DAX mapping: after a read with O_DIRECT, for the
# checksums. The disk is one with DMA, so that nobody else writes to the buffer.
reads_are_granted() {
	local direct before

	mkfs.ext4 -q -F -b 4096 -E lazy_itable_init=0,lazy_journal_init=0 /dev/pmem0
	on_pmem pmem0 /mnt/dax ext4 dax=always
	fallocate -l 1M /mnt/dax/buffer
	modprobe -a virtio_pci virtio_blk
	soon 10 [ -b /dev/vda ]
	mkfs.btrfs -q -f /dev/vda >&2
	on_pmem vda /mnt/disk btrfs
	written_by_blocks /mnt/disk --rw=write
	sync
	for direct in 0 1; do
		before=$(<$pks/grants)
		check "a file is read into a DAX mapping, direct=$direct" \
			written_by_blocks /mnt/disk --rw=read --direct=$direct \
			--mem=mmapshared:/mnt/dax/buffer
		say "$(($(<$pks/grants) - before)) windows were opened"
		if [ $direct = 0 ]; then
			check "of pages in RAM hardly any is granted" \
				[ $(($(<$pks/grants) - before)) -lt 1024 ]
		else
			check "each of the 4096 pages was granted to see its checksum" \
				[ $(($(<$pks/grants) - before)) -ge 4096 ]
		fi
	done
	umount /mnt/disk
	umount /mnt/dax
}

written_by_blocks() {
	local directory=$1

	shift
	fio --name=blocks --filename="$directory/blocks" --bs=64k --size=16M \
		--verify=crc32c --verify_fatal=1 --end_fsync=1 "$@"
}
