# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="on a machine without pmem the module loads and is idle"
PMEM=""

test() {
	load
	equal "there is no namespace" "$(ls $namespaces)" ""
	no_false_alarm "nothing is counted"
	equal "the mode is the default" "$(<$pks/fault_mode)" relaxed
	unload
	load fault_mode=strict
	equal "it loads again, in the other mode" "$(<$pks/fault_mode)" strict
}
