# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="an unknown driver for pmem loses nothing, and contain is refused until it is known"
PMEM=256M

test() {
	unknown=$pks/unknown_writers
	run=/sys/kernel/debug/pmem_pks_driver/run
	fsdax_namespace
	start=$(data_start pmem0)

	# Loaded behind us
	load fault_mode=contain
	load_stray
	insmod /bed/pmem_pks_driver.ko disk=/dev/pmem0
	equal "nothing is unknown at first" "$(<$unknown)" ""
	every_shape contain
	listed
	a_wild_pointer_is_still_stray
	refused_until_known
	rmmod pmem_pks_driver
	check "every CPU is closed" closed_on_every_cpu namespace0.0
	unload

	# From its initialization, whose code is gone afterwards
	load fault_mode=contain
	insmod /bed/pmem_pks_driver.ko disk=/dev/pmem0 early=1
	equal "what it stores while it comes arrives" "$(peek "$start" 8)" 6b6b6b6b6b6b6b6b
	equal "and is listed" "$(<$unknown) $(seen early)" "+pmem_pks_driver:driver_early 1"
	unload

	# Loaded before us
	load fault_mode=strict
	every_shape strict
	listed
	rmmod pmem_pks_driver
	matches "what was seen stays listed when the driver is gone" \
		"$(<$unknown) $(seen field)" '\+pmem_pks_driver:driver_field.* 3$'
	insmod /bed/pmem_pks_driver.ko disk=/dev/pmem0
	arrives "strict, and here again" field 8
	equal "and counted on" "$(grep -c . $unknown) $(seen field)" "5 4"
	rmmod pmem_pks_driver
}

# arrives MODE SHAPE BYTES: on a page that was zero
arrives() {
	stray_writes_nothing=$(strays)
	dd if=/dev/zero of=/dev/pmem0 bs=4k seek=5 count=1 oflag=direct conv=notrunc status=none
	echo "$2 5 $(printf 'k%.0s' {1..32})" >$run
	equal "$1: $2: each byte arrives" "$(peek $((start + 5 * 4096)) "$3")" \
		"$(printf '6b%.0s' $(seq "$3"))"
	equal "$1: $2: it is no stray write" "$(strays)" "$stray_writes_nothing"
}

every_shape() {
	arrives "$1" field 8
	arrives "$1" field 8
	arrives "$1" field 8
	arrives "$1" position 16
	arrives "$1" header 64
	arrives "$1" zero 512
	arrives "$1" data 512
	arrives "$1" user 32
	arrives "$1" irqs_off 8
}

# seen SHAPE: how often
seen() {
	sed -n "s/^pmem_pks_driver:driver_$1 //p" $pks_debug/unknown_writers
}

listed() {
	equal "each function that has stored by itself is listed once" \
		"$(sort $unknown | xargs)" \
		"$(echo +pmem_pks_driver:driver_{field,irqs_off,position,user,zero})"
	equal "with its stores" "$(seen field) $(seen position) $(seen irqs_off)" "3 2 1"
	equal "and logged once" "$(logged 'unknown writer pmem_pks_driver:driver_field: let through')" 1
	dmesg -c >/dev/null
}

a_wild_pointer_is_still_stray() {
	local place=$((start + 9 * 4096)) before

	before=$(strays)
	stray_writes $place 8 thread 1
	stray_writes $place 4096 string 512
	equal "what another module stores there is stray" "$(($(strays) - before))" 2
	equal "and dropped" "$(peek $place 8)" 0000000000000000
}

# refused FILE MODE
refused() {
	local said before

	before=$(<"$1")
	dmesg -c >/dev/null
	said=$( (echo "$2" >"$1") 2>&1 ) || true
	matches "${1#"$pks"/}: $2 is refused" "$said" busy
	equal "with one line in the log, that names one" \
		"$(dmesg | grep -c .) $(logged 'pmem_pks: .* refused: pmem_pks_driver:driver_field ')" "1 1"
	equal "and nothing changes" "$(<"$1")" "$before"
}

refused_until_known() {
	local mode line

	echo relaxed >$pks/fault_mode
	for mode in contain strict panic; do
		refused $pks/fault_mode $mode
		refused $namespaces/namespace0.0/fault_mode $mode
	done
	echo relaxed >$namespaces/namespace0.0/fault_mode
	echo contain! >$pks/fault_mode
	equal "contain! sets it all the same" "$(<$pks/fault_mode)" contain
	refused $namespaces/namespace0.0/fault_mode inherit
	echo inherit! >$namespaces/namespace0.0/fault_mode
	equal "inherit! as well" "$(<$namespaces/namespace0.0/fault_mode)" inherit
	arrives "contain, forced" field 8
	echo relaxed >$pks/fault_mode
	for mode in contain!! !contain 'contain !' !; do
		refuse "\"$mode\" is no mode" set_mode "$mode"
	done

	cat $unknown >/tmp/unknown
	while read -r line _; do
		echo "$line" >$pks/writers
	done </tmp/unknown
	equal "with its lines written to writers none is unknown" "$(<$unknown)" ""
	echo contain >$pks/fault_mode
	equal "so that contain is taken" "$(<$pks/fault_mode)" contain
	every_shape "contain, known"
	equal "they are counted there" \
		"$(sed -n 's/^pmem_pks_driver:driver_field //p' $pks_debug/writers)" 3
	equal "and none is unknown" "$(<$unknown)" ""
}

set_mode() {
	echo "$1" 2>/dev/null >$pks/fault_mode
}
