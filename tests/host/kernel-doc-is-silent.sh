# SPDX-License-Identifier: GPL-2.0
#
# The kernel's kernel-doc -Wall has nothing to say of any C file or header, and
# each function that include/linux declares or defines has a kernel-doc comment.

. "$(dirname "$0")/../bed/paths.sh"
. "$bed/verdicts.sh"

kernel_doc=$("$bed/kernel-source" "$default_kernel")/scripts/kernel-doc
cd "$top" || exit 1

# What kernel-doc prints about a file, a line each
complaints() {
	"$kernel_doc" -none -Wall "$1" 2>&1
}

# The functions of the headers in a directory: a name and a bracket on a line that
# begins with a type. DECLARE_PER_CPU() and the like have no lower case.
functions() {
	grep -hoE '^[a-z][A-Za-z0-9_ *]*[ *][a-z0-9_]+\(' "$1"/*.h | sed 's/($//; s/.*[ *]//' | sort -u
}

sources . drivers include kunit samples | grep '\.[ch]$' | silent complaints 10

count=0
for function in $(functions include/linux); do
	count=$((count + 1))
	if ! grep -q "^ \* $function() - " include/linux/*.h drivers/pmem-pks/*.c; then
		echo "not ok - $function() has a kernel-doc comment"
	fi
done
enough functions $count 20

printf '/**\n * f() - do it\n */\nint f(int a)\n{\n\treturn a;\n}\n' | finds kernel-doc complaints .c
