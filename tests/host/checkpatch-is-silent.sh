# SPDX-License-Identifier: GPL-2.0
#
# The kernel's checkpatch.pl --strict has nothing to say of any C, header or
# assembly file.

. "$(dirname "$0")/../bed/paths.sh"

checkpatch=$("$bed/kernel-source" 6.12)/scripts/checkpatch.pl
cd "$top" || exit 1
# A file is no patch: MAINTAINERS and the version of the tree are not ours.
# kmap_atomic() is deprecated, and is there to be overridden and tried. A header of
# tracepoints is laid out as all are.
complaints() {
	local ignore=

	case $1 in
	include/linux/highmem-internal.h | tests/modules/*) ignore=--ignore=DEPRECATED_API ;;
	*/trace.h) ignore=--ignore=OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT ;;
	esac
	perl "$checkpatch" --no-tree --strict --terse --no-summary $ignore --file "$@" 2>&1
}

count=0
while read -r file; do
	count=$((count + 1))
	if said=$(complaints "$file") && [ -z "$said" ]; then
		echo "ok - $file"
	else
		echo "not ok - $file"
		printf '%s\n' "$said" | head -n 20 | sed 's/^/# /'
	fi
done < <(sources . drivers include kunit samples tests/bench tests/modules tests/programs | grep '\.[chS]$')
if [ $count -ge 10 ]; then
	echo "ok - there are files to look at"
else
	echo "not ok - there are files to look at ($count)"
fi

bad=$(mktemp --suffix=.c)
printf '// SPDX-License-Identifier: GPL-2.0\nint f( int a ){ return a ; }\n' >"$bad"
if [ -n "$(complaints "$bad")" ]; then
	echo "ok - checkpatch finds what there is to find"
else
	echo "not ok - checkpatch finds what there is to find"
fi
rm -f "$bad"
