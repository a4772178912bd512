# SPDX-License-Identifier: GPL-2.0
#
# With this project's headers before the kernel's, every function of
# linux/highmem.h and linux/bvec.h that maps a page grants, and ends what it
# began: compiled alone, it refers to pmem_pks_map() and pmem_pks_unmap().

. "$(dirname "$0")/../bed/paths.sh"

# What is called, and what it must refer to: map, unmap, both, none. The arguments
# are those of the function that functions() puts it into.
calls='
kmap_local_page			map	return kmap_local_page(page)
kmap_local_folio		map	return kmap_local_folio(folio, n)
kmap_local_page_prot		map	return kmap_local_page_prot(page, PAGE_KERNEL)
kmap_local_pfn			map	return kmap_local_pfn(n)
kmap_local_range		map	return kmap_local_range(page, n)
kmap_atomic			map	return kmap_atomic(page)
kmap_atomic_prot		map	return kmap_atomic_prot(page, PAGE_KERNEL)
kmap_atomic_pfn			map	return kmap_atomic_pfn(n)
kunmap_local			unmap	kunmap_local(addr)
kunmap_atomic			unmap	kunmap_atomic(addr)
folio_release_kmap		unmap	folio_release_kmap(folio, addr)
folio_zero_tail			none	return folio_zero_tail(folio, n, addr)
folio_fill_tail			both	folio_fill_tail(folio, n, addr, n)
memcpy_page			both	memcpy_page(page, n, other, n, n)
memset_page			both	memset_page(page, n, 1, n)
memcpy_from_page		both	memcpy_from_page(addr, page, n, n)
memcpy_to_page			both	memcpy_to_page(page, n, addr, n)
memzero_page			both	memzero_page(page, n, n)
memcpy_from_folio		both	memcpy_from_folio(addr, folio, n, n)
memcpy_to_folio			both	memcpy_to_folio(folio, n, addr, n)
memcpy_from_file_folio		both	memcpy_from_file_folio(addr, folio, n, n)
zero_user			both	zero_user(page, n, n)
zero_user_segment		both	zero_user_segment(page, n, n)
zero_user_segments		both	zero_user_segments(page, 0, n, n, n)
folio_zero_range		both	folio_zero_range(folio, n, n)
folio_zero_segment		both	folio_zero_segment(folio, n, n)
folio_zero_segments		both	folio_zero_segments(folio, 0, n, n, n)
clear_highpage			both	clear_highpage(page)
clear_highpage_kasan_tagged	both	clear_highpage_kasan_tagged(page)
clear_user_highpage		both	clear_user_highpage(page, n)
copy_highpage			both	copy_highpage(page, other)
copy_user_highpage		both	copy_user_highpage(page, other, n, NULL)
copy_mc_highpage		both	copy_mc_highpage(page, other)
copy_mc_user_highpage		both	copy_mc_user_highpage(page, other, n, NULL)
bvec_kmap_local			map	return bvec_kmap_local(bvec)
memcpy_from_bvec		both	memcpy_from_bvec(addr, bvec)
memcpy_to_bvec			both	memcpy_to_bvec(bvec, addr)
memzero_bvec			both	memzero_bvec(bvec)
'

# The inline functions of headers that map or unmap
that_map() {
	awk '
	/^[^ \t#*\/].*\(/ {
		name = $0
		sub(/\(.*/, "", name)
		sub(/^.*[ \t*]/, "", name)
	}
	/^\t.*(kmap_local|kmap_atomic|kunmap)[a-z_]*\(/ { print name }' "$@" | sort -u
}

# functions [WITHOUT]: a function for each call that this kernel has
functions() {
	printf '#include <linux/%s.h>\n' highmem bvec
	while read -r name _ code; do
		[ -n "$name" ] && [ "$name" != "${1:-}" ] || continue
		[ "$name" = kmap_local_range ] ||
			grep -qwhs "$name" "$headers"/{highmem,highmem-internal,bvec}.h || continue
		[ "$code" != "${code#return}" ] || code+="; return NULL"
		echo "static __used __attribute__((flatten))"
		echo "void *test_$name(struct page *page, struct page *other, struct folio *folio,"
		echo "	struct bio_vec *bvec, void *addr, unsigned long n) { $code; }"
	done <<<"$calls"
}

# compiled OPTION...: compile them, and print a line "<call> <what it refers to>"
# for each
compiled() {
	make -s -C "$kernel/lib/modules/$release/build" M="$work" "$@" \
		CONFIG_DEBUG_INFO= calls.o >&2 || return
	objdump -dr --no-show-raw-insn "$work/calls.o" | awk '
	/^[0-9a-f]+ <test_/ {
		name = $2
		sub(/^<test_/, "", name)
		sub(/[.>].*$/, "", name)
		refers[name] = refers[name]
	}
	/R_X86_64_.*pmem_pks_map/ { refers[name] = refers[name] "m" }
	/R_X86_64_.*pmem_pks_unmap/ { refers[name] = refers[name] "u" }
	END {
		for (name in refers)
			print name, refers[name] ~ /m.*u|u.*m/ ? "both" : \
				refers[name] ~ /m/ ? "map" : refers[name] ~ /u/ ? "unmap" : "none"
	}'
}

for series in $kernels; do
	[ -e "$cache/kernel/$series" ] || continue
	kernel=$(readlink -f "$cache/kernel/$series")
	release=$(cat "$kernel/release")
	headers=$(readlink -f "$kernel/lib/modules/$release/source")/include/linux
	mkdir -p "$build/$series"
	work=$(mktemp -d "$build/$series/override.XXXXXX") || exit 1
	trap 'rm -rf "$work"' EXIT

	functions >"$work/calls.c"
	echo 'obj-m += calls.o' >"$work/Kbuild"

	refers=$(compiled NOSTDINC_FLAGS="-nostdinc -I$top/include")
	count=0
	while read -r name wanted _; do
		grep -qF "*test_$name(" "$work/calls.c" || continue
		count=$((count + 1))
		found=$(sed -n "s/^$name //p" <<<"$refers")
		if [ "$found" = "$wanted" ]; then
			echo "ok - $series: $name"
		else
			echo "not ok - $series: $name is to refer to $wanted, and refers to ${found:-?}"
		fi
	done <<<"$calls"
	if [ $count -ge 30 ]; then
		echo "ok - $series: there are calls to look at"
	else
		echo "not ok - $series: there are calls to look at ($count)"
	fi

	unknown=$(comm -23 <(that_map "$headers"/{highmem,bvec}.h) \
		<(awk 'NF { print $1 }' <<<"$calls" | sort))
	if [ -z "$unknown" ]; then
		echo "ok - $series: the kernel has no other function that maps"
	else
		echo "not ok - $series: the kernel has no other function that maps"
		echo "# ${unknown//$'\n'/$'\n'# }"
	fi

	# Whoever sees grants where there are none sees nothing
	functions kmap_local_range >"$work/calls.c"
	refers=$(compiled)
	if [ -n "$refers" ] && ! grep -qv ' none$' <<<"$refers"; then
		echo "ok - $series: without our headers no call grants"
	else
		echo "not ok - $series: without our headers no call grants"
		echo "# ${refers//$'\n'/$'\n'# }"
	fi
	rm -rf "$work"
done
