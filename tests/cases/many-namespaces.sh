# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="more namespaces than keys: the last key is shared, the log says so, all are protected"
PMEM=1G

test() {
	local i name keys

	load
	label_nvdimms
	dmesg -c >/dev/null
	for ((i = 0; i < 18; i++)); do
		ndctl create-namespace -m fsdax -s 48M >&2
	done
	equal "there are 18 directories" "$(ls $namespaces | wc -l)" 18
	for name in $(ls $namespaces); do
		caught "$name is protected" "$name"
	done
	keys=$(cat $namespaces/*/key | sort -n | uniq -c | awk '{ print $2 "x" $1 }' | xargs)
	matches "all keys but the last are one namespace's" "$keys" \
		'^(([0-9]+)x1 )*(14|15)x[0-9]+$'
	refuse "none has key 0" grep -qx 0 $namespaces/*/key
	matches "the log says that a key is shared" "$(dmesg)" 'pmem_pks: .*share'
	no_stray_else

	ndctl destroy-namespace -f all >&2
	equal "destroyed, and no directory is left" "$(ls $namespaces)" ""
	dmesg -c >/dev/null
	for i in 1 2; do
		ndctl create-namespace -m fsdax -s 64M >&2
	done
	equal "the keys are to be had again, one each" \
		"$(cat $namespaces/*/key | sort -u | wc -l)" 2
	equal "without a word of sharing" "$(logged 'pmem_pks: .*share')" 0
}

# One for each namespace above, and no more
no_stray_else() {
	equal "no other write was taken for a stray one" "$(strays)" 18
}
