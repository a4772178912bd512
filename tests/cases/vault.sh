# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="a module's own key (samples/pks-vault): nobody else reads or writes its page, reached by vmalloc or not"
PMEM=""
EXPECT=$an_oops
TAINT=128

vault=/sys/class/misc/pks_vault

test() {
	local mode kind pkrs where place

	load
	load_stray
	pkrs=$(<$stray/cpus)
	for mode in relaxed strict; do
		echo $mode >$pks/fault_mode
		for kind in page vmalloc; do
			where="$mode, $kind"
			insmod /bed/pks_vault.ko "vmalloc=$([ $kind = page ] && echo 0 || echo 1)"
			place=$(<$vault/place)
			keeps_a_secret
			offenders_$mode
			refuse "$where: pmem_pks can't go meanwhile" rmmod pmem_pks
			rmmod pks_vault
			leaves_nothing
		done
	done
	check "pmem_pks can be removed then" unload
}

guess() {
	printf '%s' "$1" >/dev/pks_vault
}

keeps_a_secret() {
	local before

	before=$(<$pks/grants)
	check "$where: a secret is stored" guess "open sesame"
	check "$where: the right guess is right" guess "open sesame"
	refuse "$where: a wrong one is wrong" guess "open barley"
	refuse "$where: so is a part of it" guess "open"
	refuse "$where: a secret larger than the page is refused" guess "$(printf '%04096d' 0)"
	check "$where: each time the key was granted" [ $(($(<$pks/grants) - before)) -ge 4 ]
	equal "$where: the vault itself is no stray" "$(<$vault/strays)" 0
	check "$where: its page carries a key" [ "$(leaf_key "$place")" -gt 0 ]
}

# caught_as WRITES READS WHAT COMMAND...: the command does that many, which are
# counted for the vault and in all. The log is that of the command afterwards.
caught_as() {
	local writes=$1 reads=$2 what=$3 before

	before=$(counts)
	shift 3
	dmesg -c >&2
	"$@"
	equal "$where: $what is counted, for the vault and in all" "$(counts)" \
		"$(awk -v w=$writes -v r=$reads '{ print $1 + w + r, $2 + w, $3 + r }' <<<"$before")"
}

counts() {
	cat $vault/strays $pks/stray_writes $pks/stray_reads | xargs
}

told() {
	matches "$where: the log tells it of the vault, with its offset" "$(dmesg)" \
		"pmem_pks: stray $1 vault\+0x8 by [a-z_0-9.]+\+0x[0-9a-f]+/0x[0-9a-f]+ \[pmem_pks_stray\], task [^ ]+:[0-9]+, CPU [0-9]+, $2"
}

# The secret begins eight bytes behind the page's start
read_secret() {
	peek $((place + 8)) 1 >/tmp/seen
}

write_secret() {
	stray_writes $((place + 8)) 8 thread 1
}

offenders_relaxed() {
	caught_as 0 1 "a stray read" read_secret
	told "read of" "let through"
	equal "$where: it is let through" "$(</tmp/seen)" "$(printf o | od -An -tx1 | tr -d ' ')"
	caught_as 1 0 "a stray write" write_secret
	told "write to" "let through"
	refuse "$where: it is let through" guess "open sesame"
	equal "$where: there was no oops" $(($(</proc/sys/kernel/tainted) & TAINT)) 0
}

offenders_strict() {
	caught_as 0 1 "a stray read" killed read_secret
	told "read of" "denied"
	equal "$where: nothing was read" "$(</tmp/seen)" ""
	caught_as 1 0 "a stray write" killed write_secret
	told "write to" "denied"
	check "$where: the secret is as it was" guess "open sesame"
	equal "$where: the vault itself is no stray" "$(<$vault/strays)" 2
}

# killed COMMAND...: whose process does not survive it
killed() {
	local status=0

	("$@") || status=$?
	check "$where: the offender is killed (exit $status)" [ $status -gt 128 ]
}

leaves_nothing() {
	local before

	before=$(<$pks/stray_reads)
	equal "$where: the page has no key any more" "$(leaf_key "$place")" 0
	# by now it may be somebody else's: "open sesame", or what was written over it
	refuse "$where: nor the secret" grep -qE '6f70656e|53545241|736573616d65' \
		<<<"$(peek $place 64)"
	equal "$where: anybody may read it" "$(<$pks/stray_reads)" "$before"
	equal "$where: the key is free, and denies writes alone" "$(<$stray/cpus)" "$pkrs"
}
