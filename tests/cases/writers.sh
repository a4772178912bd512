# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="the administrator adds writers and removes them, and a module's come and go with it"
QUICK=1
PMEM=256M

test() {
	local shape

	writers=$pks/writers
	hits=$pks_debug/writers
	run=/sys/kernel/debug/pmem_pks_writer/run
	fsdax_namespace
	load
	own_writers
	insmod /bed/pmem_pks_writer.ko
	place=$(range_end namespace0.0)
	place=$((place - 7))

	for shape in itself three_deep many_arguments; do
		strays_of "$shape: is stray" $shape 1
		echo "+pmem_pks_writer:writer_$shape" >$writers
		strays_of "$shape: is none once it is added" $shape 0
		strays_of "$shape: nor the next time" $shape 0
		equal "$shape: both calls were counted" "$(hits pmem_pks_writer:writer_$shape)" 2
		check "$shape: ftrace calls us" grep "^writer_$shape " /sys/kernel/tracing/enabled_functions
	done
	echo "+writer_six_deep" >$writers
	equal "a module's function is listed by its full name" "$(hits pmem_pks_writer:writer_six_deep)" 0
	strays_of "six_deep: too far from the writer, it stays stray" six_deep 1
	check "closed again" closed_on_every_cpu namespace0.0

	comes_and_goes
	goes_while_it_runs
	echo "-writer_itself" >$writers
	strays_of "removed, it is stray again" itself 1
	equal "and in the list no more" "$(hits pmem_pks_writer:writer_itself)" ""
	bad_names
	in_an_nmi
	for shape in three_deep many_arguments six_deep; do
		echo "-pmem_pks_writer:writer_$shape" >$writers
	done
	equal "with all of them removed the list is what it was" \
		"$(md5sum <$writers)" "$own"
	unload
	by_parameter
}

own_writers() {
	local name before

	own=$(md5sum <$writers)
	refuse "the file has names, and nothing else" grep -vE '^([a-z0-9_]+:)?[A-Za-z0-9_.]+$' $writers
	for name in __memcpy_flushcache dax_copy_from_iter dax_recovery_write dax_zero_range; do
		matches "$name is listed" "$(hits $name)" '^[0-9]+$'
	done
	matches "dm-writecache's, when that is not there, as such" "$(<$hits)" \
		$'\ndm_writecache:writecache_map 0 not-loaded'
	before=$(hits __memcpy_flushcache)
	dd if=/dev/urandom of=/dev/pmem0 bs=4k count=10 oflag=direct status=none
	equal "ten blocks are ten hits" "$(($(hits __memcpy_flushcache) - before))" 10
	mkfs.ext4 -q -b 4096 /dev/pmem0
	on_pmem pmem0 /mnt/fs ext4 dax=always
	dd if=/dev/zero of=/mnt/fs/file bs=4k count=10 status=none
	check "so are writes to a DAX file" [ "$(hits dax_copy_from_iter)" -ge 10 ]
	umount /mnt/fs
	no_false_alarm "none of them was stray"
}

hits() {
	awk -v name="$1" '$1 == name { print $2 }' $hits
}

# strays_of WHAT SHAPE COUNT
strays_of() {
	local before

	before=$(strays)
	echo "$2 $place" >$run
	equal "$1" $(($(strays) - before)) "$3"
}

comes_and_goes() {
	rmmod pmem_pks_writer
	equal "a module takes its hooks along" \
		"$(grep -c 'pmem_pks_writer:.* not-loaded$' $hits)" 4
	refuse "ftrace knows of none" grep '^writer_' /sys/kernel/tracing/enabled_functions
	insmod /bed/pmem_pks_writer.ko
	refuse "they are back with it" grep 'pmem_pks_writer:.*not-loaded' $hits
	strays_of "so that it may write" itself 0
	strays_of "with any arguments" many_arguments 0
}

goes_while_it_runs() {
	local before

	echo "+writer_after_sleep" >$writers
	before=$(strays)
	echo "after_sleep $place" >$run &
	check "one is in a writer" soon 5 [ "$(hits pmem_pks_writer:writer_after_sleep)" = 1 ]
	echo "-writer_after_sleep" >$writers
	wait
	equal "whose hook goes meanwhile, and may write until it returns" "$(strays)" "$before"
	strays_of "and not the next time" after_sleep 1
}

# refused CHANGE ERROR: with that, one line in the log, and no change
refused() {
	local names said

	names=$(<$writers)
	dmesg -c >/dev/null
	said=$( (echo "$1" >$writers) 2>&1 ) || true
	matches "'$1' is refused" "$said" "$2"
	equal "with one line in the log" "$(dmesg | grep -c .) $(dmesg | grep -c pmem_pks:)" "1 1"
	equal "and nothing changes" "$(<$writers)" "$names"
}

bad_names() {
	local name

	for name in writer_itself + - "" "+writer itself" "+:writer_itself" "+pmem_pks_writer:" \
		    "+a:b:c" "+writer/itself" "+pmem_pks:writer_enter" "+jiffies" "+memcpy" \
		    "+$(printf 'x%.0s' {1..200})"; do
		refused "$name" 'Invalid argument'
	done
	for name in +no_such_function +pmem_pks_writer:no_such_function -no_such_function \
		    -writer_itself -dax_zero_range; do
		refused "$name" 'No such file'
	done
	refused "+writer_three_deep" 'File exists'
	refused "+dax_zero_range" 'File exists'
	refused "+finish_task_switch.isra.0" 'busy'
}

in_an_nmi() {
	echo "+writer_in_nmi" >$writers
	strays_of "a writer that runs in an NMI may not write there" in_nmi 1
	equal "nor is it counted" "$(hits pmem_pks_writer:writer_in_nmi)" 0
	check "closed again" closed_on_every_cpu namespace0.0
	echo "-writer_in_nmi" >$writers
}

by_parameter() {
	dmesg -c >/dev/null
	refuse "a bad name as a parameter is refused" load writers=vfs_read,no_such_function
	equal "with one line in the log" "$(logged 'pmem_pks: .*no_such_function')" 1
	refuse "another one" load writers=pmem_pks_writer:
	rmmod pmem_pks_writer
	load writers=vfs_read,vfs_read
	equal "one that is a writer already does not keep it from loading" \
		"$(logged 'vfs_read is one already')" 1
	unload
	load writers=pmem-pks-writer:writer_itself,vfs_read
	matches "a module that is not there is waited for" "$(<$hits)" \
		$'\npmem_pks_writer:writer_itself 0 not-loaded'
	insmod /bed/pmem_pks_writer.ko
	place=$(range_end namespace0.0)
	place=$((place - 7))
	strays_of "and may write when it has come" itself 0
	strays_of "what is not named may not" three_deep 1
	check "a function that is called all the time is counted" [ "$(hits vfs_read)" -gt 10 ]
	equal "the parameter can be read back" "$(</sys/module/pmem_pks/parameters/writers)" \
		"pmem-pks-writer:writer_itself,vfs_read"
}
