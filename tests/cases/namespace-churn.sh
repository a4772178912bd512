# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="namespaces that come, go and change are protected from the first moment to the last"
PMEM=1G

# create MODE [ARGUMENT...]: prints the name that the module gives it
create() {
	local json name

	json=$(ndctl create-namespace -m "$@")
	echo "$json" >&2
	name=$(echo "$json" | sed -n 's/^.*"chardev":"\(dax[0-9.]*\)".*$/\1/p' | head -n 1)
	[ -n "$name" ] || name=$(namespace_of "$json")
	echo "$name"
}

namespace_of() {
	echo "$1" | sed -n 's/^ *"dev":"\(namespace[0-9.]*\)".*$/\1/p' | head -n 1
}

destroy_all() {
	ndctl destroy-namespace -f all >&2
}

test() {
	local round name other

	load
	label_nvdimms
	equal "no namespace, no directory" "$(ls $namespaces)" ""
	for round in 1 2 3 4; do
		name=$(create fsdax -s 256M)
		check "$round: an fsdax namespace has a directory at once" test_is_dir $namespaces/"$name"
		caught "$round: and is protected" "$name"
		other=$(create devdax -s 256M)
		matches "$round: the devdax device is called so" "$other" '^dax[0-9.]+$'
		check "$round: a devdax namespace has a directory at once" test_is_dir $namespaces/"$other"
		caught "$round: and is protected" "$other"
		destroy_all
		equal "$round: destroyed, and no directory is left" "$(ls $namespaces)" ""
	done

	name=$(create fsdax -s 256M)
	other=$(create devdax -f -e "$name")
	equal "fsdax made devdax has the directory of devdax only" "$(ls $namespaces)" "$other"
	caught "and is protected" "$other"
	equal "devdax made fsdax again has the directory of fsdax only" \
		"$(create fsdax -f -e "$name") $(ls $namespaces)" "$name $name"
	caught "and is protected" "$name"
	ndctl disable-namespace "$name" >&2
	equal "disabled, it has no directory" "$(ls $namespaces)" ""
	ndctl enable-namespace "$name" >&2
	equal "enabled, it has one" "$(ls $namespaces)" "$name"
	caught "and is protected" "$name"
	destroy_all

	all=$(strays)
	name=$(create fsdax -s 256M)
	mkfs.ext4 -q -b 4096 /dev/pmem0
	on_pmem pmem0 /mnt/fs ext4 dax=always
	check "files of a new namespace are written as ever" \
		verified_io 4 --ioengine=psync --directory=/mnt/fs
	umount /mnt/fs
	equal "without a false alarm" "$(strays)" "$all"
	check "on every CPU it is closed" closed_on_every_cpu "$name"
}

test_is_dir() {
	[ -d "$1" ]
}
