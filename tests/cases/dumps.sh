# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="strict: /proc/kcore and hibernation read pages that deny reads, and are no offenders"
PMEM=1G
TIMEOUT=240
CMDLINE="no_console_suspend"

vault=/sys/class/misc/pks_vault
# "open sesame"
secret=6f70656e20736573616d65

test() {
	local vmalloc

	fsdax_namespace
	load fault_mode=strict
	load_stray
	mkswap /dev/pmem0 >&2
	swapon /dev/pmem0
	echo test_resume >/sys/power/disk
	for vmalloc in 0 1; do
		insmod /bed/pks_vault.ko vmalloc=$vmalloc
		printf 'open sesame' >/dev/pks_vault
		kept "vmalloc=$vmalloc"
		hibernate
		kept "vmalloc=$vmalloc, after hibernation"
		rmmod pks_vault
	done
	no_false_alarm "no write was taken for a stray one"
	equal "no read was" "$(<$pks/stray_reads)" 0
	check "every CPU is closed" closed_on_every_cpu namespace0.0
	[[ $(uname -r) = 6.1.* ]] || swapoff /dev/pmem0
}

kept() {
	local place addr

	place=$(<$vault/place)
	echo 1 >/proc/sys/kernel/kptr_restrict
	addr=$(awk '/ vault_/ { sub(/-.*/, "", $1); print $1 }' /proc/vmallocinfo)
	# The secret begins eight bytes behind the page's start
	for place in "$place" $addr; do
		equal "$1: /proc/kcore has the secret" \
			"$(/bed/kcore $((place + 8)) 11)" $secret
	done
	equal "$1: that was no stray" "$(<$vault/strays)" 0
	check "$1: the secret is as it was" guess
	check "$1: its page carries a key" [ "$(leaf_key "$(<$vault/place)")" -gt 0 ]
}

guess() {
	printf 'open sesame' >/dev/pks_vault
}

# The image is written, and read back at once. 6.1 can't read it while the disk is
# in use as swap, nor give the swap back then.
hibernate() {
	local before

	before=$(logged 'hibernation: Creating image')
	if [[ $(uname -r) = 6.1.* ]]; then
		refuse "6.1 does not resume from where it swaps" sleep_on_disk
	else
		check "the machine hibernates, and comes back" sleep_on_disk
	fi
	equal "by an image" "$(logged 'hibernation: Creating image')" $((before + 1))
}

sleep_on_disk() {
	echo disk >/sys/power/state
}

cleanup() {
	rmmod pks_vault
}
