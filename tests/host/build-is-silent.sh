# SPDX-License-Identifier: GPL-2.0
#
# make W=1 C=2 (all of gcc's and sparse's warnings) has nothing to say of any
# file, on each kernel.

QUICK=1
. "$(dirname "$0")/../bed/paths.sh"

# Without debugging information, which takes half of the time
export KCFLAGS=-g0
for series in $kernels; do
	[ -e "$cache/kernel/$series" ] || continue
	kernel=$(readlink -f "$cache/kernel/$series")
	mkdir -p "$build/$series"
	# Without M=, make would build in the headers themselves, and spoil them
	tree=$(mktemp -d "$build/$series/silent.XXXXXX") || exit 1
	trap 'rm -rf "$tree"' EXIT
	link_sources "$tree" "$top" Kbuild Kconfig drivers include
	# 6.1's headers carry no vmlinux to take BTF from, of which make warns
	said=$(make -s -C "$kernel/lib/modules/$(cat "$kernel/release")/build" M="$tree" \
		CONFIG_DEBUG_INFO_BTF_MODULES= W=1 C=2 modules 2>&1) && status=0 || status=$?
	if [ $status = 0 ] && [ -z "$said" ]; then
		echo "ok - $series: make W=1 C=2 says nothing"
	else
		echo "not ok - $series: make W=1 C=2 says nothing (exit $status)"
		printf '%s\n' "$said" | head -n 40 | sed 's/^/# /'
	fi
	# sparse that did not run has nothing to say, either
	checked=$(make -s -C "$kernel/lib/modules/$(cat "$kernel/release")/build" M="$tree" \
		CONFIG_DEBUG_INFO_BTF_MODULES= C=2 CHECK="echo sparse: >&2" modules 2>&1 |
		grep -c '^sparse:.*\.c$')
	# All but the one that is compiled to assembler only, for offsets.h
	sources=$(find "$tree/drivers" -name '*.c' ! -name '*.mod.c' ! -name offsets.c | wc -l)
	if [ "$checked" = "$sources" ]; then
		echo "ok - $series: sparse sees every file"
	else
		echo "not ok - $series: sparse sees every file ($checked of $sources)"
	fi
	rm -rf "$tree"
done
