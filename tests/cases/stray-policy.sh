# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="a namespace has a policy of its own, or the one of all"
QUICK=1
PMEM="64M 64M"
EXPECT=$an_oops
TAINT=128

test() {
	fsdax_namespace
	fsdax_namespace namespace1.0
	load
	load_stray
	equal "a namespace inherits at first" "$(cat $namespaces/*/fault_mode | xargs)" "inherit inherit"
	treated namespace0.0 relaxed
	treated namespace1.0 relaxed
	echo contain >$namespaces/namespace0.0/fault_mode
	equal "it says its own" "$(<$namespaces/namespace0.0/fault_mode)" contain
	treated namespace0.0 contain
	treated namespace1.0 relaxed
	echo strict >$pks/fault_mode
	treated namespace0.0 contain
	treated namespace1.0 strict
	echo relaxed >$namespaces/namespace1.0/fault_mode
	treated namespace1.0 relaxed
	echo inherit >$namespaces/namespace0.0/fault_mode
	treated namespace0.0 strict
	echo contain >$pks/fault_mode
	treated namespace0.0 contain
	ndctl disable-namespace namespace1.0 >&2
	ndctl enable-namespace namespace1.0 >&2
	equal "one that comes again inherits" "$(<$namespaces/namespace1.0/fault_mode)" inherit
	treated namespace1.0 contain
}

# treated NAMESPACE MODE: what the mode does to a stray write
treated() {
	local place=$(($(range_end "$1") - 7)) before after lived=1 is

	before=$(peek $place 8)
	(echo "$place 8 thread 1 1 add" >$stray/write) || lived=0
	after=$(peek $place 8)
	case $lived,$([ "$before" = "$after" ] && echo same || echo changed) in
	1,changed) is=relaxed ;;
	1,same) is=contain ;;
	0,same) is=strict ;;
	*) is="killed, and written" ;;
	esac
	equal "$1: a stray write is treated as in $2" "$is" "$2"
}
