# SPDX-License-Identifier: GPL-2.0
#
# make symbols says of a kernel that does not run whether it has all that the
# module relies on: by its image, and by files that are named.

QUICK=1
. "$(dirname "$0")/../bed/paths.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# says WHAT STATUS REGEX ARGUMENT...: the script ends so, and a line is like that
says() {
	local what=$1 wanted=$2 regex=$3 status=0

	shift 3
	"$top/scripts/symbols" "$@" >"$work/said" 2>&1 || status=$?
	if [ $status = "$wanted" ] && grep -qE "$regex" "$work/said"; then
		echo "ok - $what"
	else
		echo "not ok - $what (exit $status)"
		tail -n 20 "$work/said" | sed 's/^/# /'
	fi
}

for series in $kernels; do
	[ -e "$cache/kernel/$series" ] || continue
	kernel=$(readlink -f "$cache/kernel/$series")
	release=$(<"$kernel/release")
	config=$kernel/boot/config-$release
	says "$series: its image has all" 0 '^All that is needed is there' --image "$kernel/boot/vmlinuz-$release" \
		--config "$config" --modules "$kernel/lib/modules/$release"
	# One line for each row that the module's own tables have, but for repeated names
	for row in "option +KPROBES +set" "option +PREEMPT_RT +not set" "symbol +tasklist_lock +found" \
		   "hook +bad_area_nosemaphore +found" "hook +finish_task_switch +found" \
		   "hook +dm_writecache:writecache_flush +found" "symbol +do_exit +found"; do
		if grep -qE "^$row" "$work/said"; then
			echo "ok - $series: $row"
		else
			echo "not ok - $series: $row"
		fi
	done
done

# The same by files: as many names as a table must have, and those that were found
{
	seq -f 'ffffffff81000000 T filler_%g' 2000
	echo "ffffffff81000000 T __put_devmap_managed_folio_refs"
	awk '$1 != "option" && / found/ { print "ffffffff82000000 T", ($NF == "found" ? $2 : $NF) }' "$work/said"
} >"$work/map"
files=(--config "$config" --modules "$work")
says "a System.map that has all" 0 '^All that is needed' --system-map "$work/map" "${files[@]}"
grep -v 'T tasklist_lock$' "$work/map" >"$work/less"
says "one that lacks a symbol" 1 '^symbol +tasklist_lock +MISSING' --system-map "$work/less" "${files[@]}"
grep -v 'T __memcpy_flushcache$' "$work/map" >"$work/less"
says "one that lacks a function to hook" 1 '^hook +__memcpy_flushcache +MISSING' --system-map "$work/less" "${files[@]}"
sed 's/T vmap$/T vmap.constprop.0/' "$work/map" >"$work/less"
says "one in which the compiler has made a copy" 0 '^hook +vmap +found as vmap.constprop.0' \
	--system-map "$work/less" "${files[@]}"
sed 's/T vmap$/T vmap.cold/' "$work/map" >"$work/less"
says "a part that is cold is none" 1 '^hook +vmap +MISSING' --system-map "$work/less" "${files[@]}"
sed 's/T tasklist_lock$/T tasklist_lock.isra.0/' "$work/map" >"$work/less"
says "a copy of a symbol that is no hook is none" 1 '^symbol +tasklist_lock +MISSING' \
	--system-map "$work/less" "${files[@]}"
sed '$a ffffffff81000000 T vmf_insert_page_mkwrite' "$work/map" >"$work/less"
says "one that counts references to DAX pages as 6.15 does" 1 '^symbol +vmf_insert_page_mkwrite +THERE' \
	--system-map "$work/less" "${files[@]}"
sed '/CONFIG_KPROBES=/d' "$config" >"$work/config"
says "a configuration that lacks an option" 1 '^option +KPROBES +MISSING' --system-map "$work/map" \
	--config "$work/config" --modules "$work"
{ cat "$config"; echo CONFIG_PREEMPT_RT=y; } >"$work/config"
says "one with an option that is not supported" 1 '^option +PREEMPT_RT +SET' --system-map "$work/map" \
	--config "$work/config" --modules "$work"
says "the stub that Debian ships as System.map" 2 'no table of symbols' \
	--system-map "$kernel/boot/System.map-$release" "${files[@]}"
says "what is no image" 2 "can't be told" --image "$config" "${files[@]}"
says "a kernel that is not there" 2 "can't be told" --kver none
