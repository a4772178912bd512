# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="CPUs go and come during writes: no false alarm, and none comes back unprotected"
SMP=3
PARALLEL=1
PMEM=256M

switch_cpu() {
	echo "$2" >"/sys/devices/system/cpu/cpu$1/online"
}

test() {
	local cpu rounds=0 end

	fsdax_namespace
	mkfs.ext4 -q -b 4096 /dev/pmem0
	switch_cpu 2 0
	load
	switch_cpu 2 1
	check "a CPU that was off at load is protected" closed_on_every_cpu namespace0.0
	on_pmem pmem0 /mnt/fs ext4 dax=always

	verified_io 20 --ioengine=psync --directory=/mnt/fs >/tmp/fio 2>&1 &
	end=$((SECONDS + 18))
	while [ $SECONDS -lt $end ]; do
		for cpu in 1 2; do
			switch_cpu $cpu 0
			switch_cpu $cpu 1
		done
		rounds=$((rounds + 1))
	done
	check "fio verifies while CPUs come and go" wait $!
	say "$rounds rounds"
	check "there were rounds" [ $rounds -ge 2 ]
	no_false_alarm "no write was taken for a stray one"
	check "every CPU is protected" closed_on_every_cpu namespace0.0
	umount /mnt/fs
	for cpu in 0 1 2; do
		caught "a stray write on CPU $cpu is caught" namespace0.0 $cpu
	done
	switch_cpu 1 0
	unload
	switch_cpu 1 1
}

cleanup() {
	switch_cpu 1 1
	switch_cpu 2 1
}
