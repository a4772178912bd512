# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="on a CPU without PKS loading fails and says why, and pmem works on"
CPU=qemu64
TREE=1
PMEM=256M

test() {
	local status=0 out

	fsdax_namespace
	dmesg -c >/dev/null
	out=$(load 2>&1) || status=$?
	refuse "insmod fails" [ $status = 0 ]
	matches "with ENODEV" "$out" "No such device"
	equal "the kernel log has one line of it" "$(logged 'pmem_pks: [^lm]')" 1
	matches "which names the feature" "$(dmesg)" \
		'pmem_pks: this CPU has no .*PKS.*CPUID.*ECX\[31\]'
	refuse "no module is left" [ -d /sys/module/pmem_pks ]
	matches "tests/here says so, too" "$(PMEM_PKS_HERE=/bed PMEM_PKS_RESULTS=/tmp/results \
		/bed/tree/tests/here --namespace namespace0.0 essentials 2>&1 || true)" '^here: this CPU has no PKS$'
	matches "ndctl-pks check says so, too" "$(ndctl-pks check || true)" \
		'What is missing:'$'\n''cpu +PKS +MISSING: this is a guest, and .* passes no PKS'$'\n''  *-> The hypervisor must'
	mkfs.ext4 -q -b 4096 /dev/pmem0
	on_pmem pmem0 /mnt/fs ext4 dax=always
	truncate -s 4M /mnt/fs/mapped
	check "pmem works on" /bed/mapped /mnt/fs/mapped 3
}
