# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="strict: a thread's stray write is denied and costs the thread its life, and nobody else's"
PMEM=64M
EXPECT=$an_oops
TAINT=128

processes() {
	ps -o pid,comm | grep -vE ' (ps|grep|kworker.*|bash|run|sort)$' | sort
}

test() {
	local before bystander i start size status killed=0 running

	fsdax_namespace
	echo 1 >/proc/sys/kernel/panic_on_warn
	load fault_mode=strict
	load_stray
	dd if=/dev/urandom of=/dev/pmem0 bs=1M count=32 conv=fsync status=none
	before=$(digest /dev/pmem0)
	sleep 1000 &
	bystander=$!
	running=$(processes)
	start=$(data_start pmem0)
	size=$(($(range_end namespace0.0) - start + 1))
	for ((i = 0; i < 100; i++)); do
		status=0
		(
			echo $BASHPID >>/tmp/offenders
			echo "$start $size thread 1 $i" >$stray/write
		) || status=$?
		[ $status -lt 128 ] || killed=$((killed + 1))
	done
	equal "each of 100 offenders is killed" $killed 100
	equal "no write was done" "$(<$stray/done)" 0
	equal "100 are counted" "$(strays) $(strays namespace0.0)" "100 100"
	equal "there are 100 oopses" "$(logged 'Oops: ')" 100
	equal "each of an offender" \
		"$(dmesg | sed -n 's/^.*CPU: .* PID: \([0-9]*\) .*Comm: .*$/\1/p' | sort -u | xargs)" \
		"$(sort -u /tmp/offenders | xargs)"
	echo 3 >/proc/sys/vm/drop_caches
	equal "every byte is as it was" "$(digest /dev/pmem0)" "$before"
	equal "every other process lives" "$(processes)" "$running"
	check "and goes on" kill $bystander

	mkfs.ext4 -q -b 4096 /dev/pmem0
	on_pmem pmem0 /mnt/fs ext4 dax=always
	truncate -s 4M /mnt/fs/mapped
	check "files are written as ever" /bed/mapped /mnt/fs/mapped 7
	check "and by write(), too" verified_io 3 --ioengine=psync --directory=/mnt/fs --size=2M
	equal "nobody else was taken for a stray writer" "$(strays)" 100
	check "protected all the while" closed_on_every_cpu namespace0.0
}
