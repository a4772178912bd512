# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="a second mapping of a namespace is as protected as the first, or is counted"
PMEM="256M"

alias=/sys/kernel/debug/pmem_pks_alias

test() {
	local way

	fsdax_namespace
	remember_hooks
	physical=$(($(data_start pmem0) + 0x13000))
	load_stray
	insmod /bed/pmem_pks_alias.ko

	map memremap 3
	# "put_pages" holds them
	load pinned=deny
	offset=$((physical - $(range_start namespace0.0)))
	protected "made before the module came"

	for way in memremap ioremap vmap put_pages; do
		map $way 3
		protected $way
	done
	not_protected_meanwhile

	scattered
	scattered
	equal "that is said once" "$(logged 'namespace0.0 has a second mapping')" 1

	map memremap 3
	ndctl disable-namespace namespace0.0 >&2
	echo 55 >$alias/fill
	ndctl enable-namespace namespace0.0 >&2
	protected "that outlasts the namespace"
	unload
	echo 44 >$alias/fill
	equal "when the module is gone it is still there" "$(peek $physical 1)" 2c
	echo >$alias/map
	equal "no key was in use to the end" "$(logged "can't be freed")" 0
	nothing_left_behind
}

# map WAY PAGES
map() {
	echo "$1 $physical $2" >$alias/map
	at=$(<$alias/place)
}

# To a word of the mapping's page, from another thread
write_astray() {
	stray_writes "$(printf '0x%x' $((at + $1 * 4096 + 8)))" 8 thread 1
}

# counts PAGE: how many strays that is
counts() {
	local before

	before=$(strays namespace0.0)
	write_astray "$1"
	echo $(($(strays namespace0.0) - before))
}

protected() {
	local before

	equal "$1: a stray write through it is caught" "$(counts 0)" 1
	matches "$1: and told of the namespace, with its offset there" \
		"$(<$namespaces/namespace0.0/last_stray)" \
		"stray write to namespace0.0\+$(printf '0x%x' $((offset + 8))) by"
	equal "$1: so is one to its last page" "$(counts 2)" 1
	echo contain >$pks/fault_mode
	before=$(peek $((physical + 8)) 8)
	write_astray 0
	equal "$1: contain keeps the data" "$(peek $((physical + 8)) 8)" "$before"
	echo relaxed >$pks/fault_mode

	before=$(strays)
	echo 77 >$alias/fill
	equal "$1: who may write the namespace may write it there" \
		"$(($(strays) - before)) $(peek $physical 1)" "0 4d"
	equal "$1: every mapping has the key" "$(<$namespaces/namespace0.0/aliases)" 0
	check "$1: the first mapping has, too" wholly_keyed namespace0.0
}

not_protected_meanwhile() {
	map vmap 3
	echo 0 >$namespaces/namespace0.0/protect
	equal "it is open while the namespace is" "$(counts 0)" 0
	echo 1 >$namespaces/namespace0.0/protect
	equal "and closed again with it" "$(counts 0)" 1
	echo >$alias/map
	check "the namespace keeps its key when the mapping goes" wholly_keyed namespace0.0
	caught "and is protected" namespace0.0
}

# Page by page backwards: more pieces than have a place in the table
scattered() {
	map reversed 40
	equal "of a mapping in many pieces the first are protected" "$(counts 0) $(counts 31)" "1 1"
	equal "the rest is not" "$(counts 39)" 0
	equal "which is counted" "$(<$namespaces/namespace0.0/aliases)" 1
	echo >$alias/map
	equal "until it goes" "$(<$namespaces/namespace0.0/aliases)" 0
}

cleanup() {
	rmmod pmem_pks_alias
}
