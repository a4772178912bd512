# SPDX-License-Identifier: GPL-2.0
#
# The kernel's checkpatch.pl --strict has nothing to say of any C, header or
# assembly file.

. "$(dirname "$0")/../bed/paths.sh"
. "$bed/verdicts.sh"

checkpatch=$("$bed/kernel-source" "$default_kernel")/scripts/checkpatch.pl
cd "$top" || exit 1
# A file is no patch: MAINTAINERS and the version of the tree are not ours.
# kmap_atomic() is deprecated, and is there to be overridden and tried. A header of
# tracepoints is laid out as all are.
complaints() {
	local ignore="" file=$1 status=0

	case $file in
	# Assembly, though a header
	*/hook_entry.h)
		file=$(mktemp --suffix=.S)
		cp "$1" "$file"
		;;
	# With the name of what libFuzzer calls, checkpatch asks git, which may not be there
	*/fuzz-conf.c)
		file=$(mktemp --suffix=.c)
		sed 's/LLVMFuzzerTestOneInput/llvm_fuzzer_test_input/' "$1" >"$file"
		;;
	tools/ndctl-plugin/needs.c) ignore=--ignore=COMPLEX_MACRO,MACRO_ARG_UNUSED ;;
	# A program has no __printf; a list of getopt's options is a macro
	tools/*) ignore=--ignore=PREFER_DEFINED_ATTRIBUTE_MACRO,COMPLEX_MACRO ;;
	include/linux/highmem-internal.h | tests/modules/*) ignore=--ignore=DEPRECATED_API ;;
	*/trace.h) ignore=--ignore=OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT ;;
	# Tables: each room makes of a row what it wants
	*/names.h | */symbols.[ch] | */hook.h | */pks.h | */fault.c | kunit/contain.c)
		ignore=--ignore=COMPLEX_MACRO,MACRO_ARG_REUSE,MACRO_ARG_UNUSED,MACRO_ARG_PRECEDENCE
		ignore+=,MULTISTATEMENT_MACRO_USE_DO_WHILE,TRAILING_SEMICOLON,SPACING,CONST_STRUCT
		;;
	esac
	perl "$checkpatch" --no-tree --strict --terse --no-summary $ignore --file "$file" 2>&1 || status=$?
	[ "$file" = "$1" ] || rm -f "$file"
	return $status
}

sources . drivers include kunit samples tools tests/bench tests/modules tests/programs | grep '\.[chS]$' |
	silent complaints 10
printf '// SPDX-License-Identifier: GPL-2.0\nint f( int a ){ return a ; }\n' | finds checkpatch complaints .c
