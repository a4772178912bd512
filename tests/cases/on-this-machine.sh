# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="tests/here runs tests on the running machine, on what is empty and unused, and refuses all else"
ONE_KERNEL=1
TIMEOUT=420
TREE=1
PMEM="64M 64M"
CMDLINE="memmap=128M!512M"

EXPECT=made.c

tests=/bed/tree/tests
# No word: what traces it would be among what it says
script=$tests/here

# What is at the beginning, where a test and a filesystem write first
written() {
	dd if=/dev/pmem0 bs=1M count=4 status=none | md5sum
}

# refused WHAT REGEX COMMAND...: in one line, nothing is loaded, and nothing is written
refused() {
	local what=$1 regex=$2 status=0 said before

	shift 2
	before=$(written)
	said=$("$@" 2>&1) || status=$?
	[[ $said == "here: "* && $said != *$'\n'* ]] || said="not in one line: $said"
	matches "$what is refused" "$status $said" "^1 here: .*$regex"
	equal "and changes nothing" "$(find /sys/module -maxdepth 1 -name 'pmem_pks*') $(written)" " $before"
}

left() {
	find /sys/module -maxdepth 1 -name 'pmem_pks*'
	wipefs --noheadings /dev/pmem0
}

# The test "made" of stdin's function
made_test() {
	{
		printf 'DESCRIPTION=made\nHERE=1\n'
		cat
	} >$tests/cases/made.sh
}

test() {
	local restrict mounts

	export PMEM_PKS_HERE=/bed PMEM_PKS_RESULTS=/tmp/results
	fsdax_namespace
	badly_asked
	disk_in_use
	restrict=$(</proc/sys/kernel/kptr_restrict)
	mounts=$(</proc/mounts)
	good_runs
	bad_runs
	equal "the machine's mounts and settings are as they were" \
		"$(</proc/sys/kernel/kptr_restrict) $(</proc/mounts)" "$restrict $mounts"
	by_memmap
}

badly_asked() {
	refused "no test" "usage: tests/here .* of: essentials" $script
	refused "an unknown option" "usage: tests/here" $script --all
	refused "an option without its namespace" "usage: tests/here" $script --namespace
	refused "a test that there is not" "there is no test nothing; usage" $script --namespace namespace0.0 nothing
	refused "a test that is not safe" "the test stray-panic is not safe" $script --namespace namespace0.0 stray-panic
	refused "one safe test and one that is not" "the test life-kexec is not safe" \
		$script --namespace namespace0.0 essentials life-kexec
	chmod 755 /
	refused "another user than root" "only root" /bed/unprivileged env PMEM_PKS_RESULTS=/dev/shm/results \
		$script --namespace namespace0.0 essentials
	refused "no namespace, without memmap=" "no memory is set aside by memmap=" $script essentials
	refused "a namespace that there is not" "there is no namespace namespace7.0" $script --namespace namespace7.0 essentials
	refused "what is no name of one" "there is no namespace ../x" $script --namespace ../x essentials
	refused "a raw namespace" "namespace1.0 is in the mode raw, not fsdax" $script --namespace namespace1.0 essentials
	ndctl disable-namespace namespace0.0 >&2
	matches "so is one that is disabled" "$($script --namespace namespace0.0 essentials 2>&1 || true)" "^here: namespace0.0 has no disk"
	ndctl enable-namespace namespace0.0 >&2
}

disk_in_use() {
	insmod /bed/pmem_pks.ko
	matches "while the module is loaded, it is refused" "$($script --namespace namespace0.0 essentials 2>&1 || true)" \
		"^here: loaded already: pmem_pks$"
	check "and stays" rmmod pmem_pks

	exec 7</dev/pmem0
	refused "a disk that a process has open" "namespace0.0 \(pmem0\) is open in process [0-9]" $script --namespace namespace0.0 essentials
	exec 7<&-
	DM_DISABLE_UDEV=1 dmsetup create held --table "0 65536 linear /dev/pmem0 0"
	refused "one that is held" "is held by dm-0" $script --namespace namespace0.0 essentials
	DM_DISABLE_UDEV=1 dmsetup remove held

	make_fs ext4 /dev/pmem0
	refused "a filesystem" "has a signature: ext4" $script --namespace namespace0.0 essentials
	mkdir -p /mnt/fs
	mount -t ext4 -o ro /dev/pmem0 /mnt/fs
	refused "one that is mounted" "is mounted on /mnt/fs" $script --namespace namespace0.0 essentials
	umount /mnt/fs
	wipefs -a -q /dev/pmem0
	mkswap /dev/pmem0
	refused "a signature of swap" "has a signature: swap" $script --namespace namespace0.0 essentials
	swapon /dev/pmem0
	refused "what is swapped to" "is swapped to" $script --namespace namespace0.0 essentials
	swapoff /dev/pmem0
	wipefs -a -q /dev/pmem0
}

good_runs() {
	local round before

	before=$(written)
	for round in 1 2; do
		check "round $round: a test passes" $script --namespace namespace0.0 essentials
		equal "no module is left, and no signature" "$(left)" ""
	done
	check "which has written there" [ "$(written)" != "$before" ]
	check "its promises were kept" grep -q "^ok [0-9]* every byte is as it was" /tmp/results/here/essentials/ktap
	check "and those that the test bed adds" \
		grep -q "^ok [0-9]* every leaf of pmem has key 0" /tmp/results/here/essentials/ktap
	check "its part of the kernel's log is there" grep -q "stray write to namespace0.0" \
		/tmp/results/here/essentials/console.log
}

bad_runs() {
	local said status=0

	made_test <<-'TEST'
		test() {
			load
			load_stray
			mkfs.ext4 -q /dev/$DISK
			on_pmem $DISK /mnt/fs ext4
			echo "WARNING: CPU: 0 PID: 1 at made.c:1" >/dev/kmsg
			equal "a promise" kept broken
		}
	TEST
	$script --namespace namespace0.0 made >/tmp/said || status=$?
	equal "a test that fails fails" $status 1
	said=$(</tmp/said)
	matches "it says which promise" "$said" 'not ok [0-9]+ a promise'
	matches "the kernel's log is judged" "$said" 'not ok [0-9]+ the kernel warns of nothing'
	matches "a bad run is counted" "$said" '0 of 1 tests passed'
	equal "nothing of it is left" "$(left)" ""

	made_test <<-'TEST'
		test() { skip "of no use"; }
	TEST
	$script --namespace namespace0.0 made >/tmp/said
	check "a skip tells its reason" grep -q '^1..0 # SKIP of no use' /tmp/said
}

by_memmap() {
	modprobe nd_e820
	made_test <<-'TEST'
		test() {
			load
			load_stray
			say "$NAMESPACE"
			check "it is protected" wholly_keyed $NAMESPACE
			equal "and nothing else is" "$(cat $namespaces/*/protect | xargs)" "$(one_of_all)"
		}
		one_of_all() {
			local name

			for name in $(ls $namespaces); do
				[ $name = $NAMESPACE ] && echo 1 || echo 0
			done | xargs
		}
	TEST
	check "memory that memmap= set aside is used without its name" $script made
	matches "and alone" "$(grep -c '^ok [0-9]* and nothing else is' /tmp/results/here/made/ktap)" 1
	matches "which is another one" "$(grep '^# namespace' /tmp/results/here/made/ktap)" '# namespace[1-9]\.0'
}
