#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# needs-table.sh DRIVER: print what the module's sources say that it needs of a kernel, as
# macros for needs.c. The names themselves are in the driver's names.h, which needs.c
# includes. This says which lists that has.

set -eu
driver=$1

# macro NAME TEXT: there must be something in it
macro() {
	[ -n "$2" ] || {
		echo "needs-table.sh: $driver has nothing for $1" >&2
		exit 1
	}
	printf '#define %s \\\n%s\n\n' "$1" "$2"
}

# lists: each list of names.h. What makes rows of it is NEED_CALL for CALL1, and so on.
lists() {
	sed -n '/^#define NAMES_/ {
		s/\([A-Z]*\)[0-9]*\([,)]\)/NEED_\1\2/g
		s/^#define \(.*)\).*/\t\1 \\/p
	}' "$driver/names.h"
}

# options: each option that compat.h refuses a kernel for. "!" is one that must be set.
options() {
	sed -n '/defined(CONFIG_/ {
		N
		s/^#\(if\|elif\) \(!\{0,1\}\)defined(CONFIG_\([A-Z0-9_]*\))\n#error \(".*"\)$/\tOPTION("\2", "\3", \4) \\/p
	}' "$driver/compat.h"
}

# copies: what is behind the names of those copies of a function that symbols.c looks for
copies() {
	sed -n '/ suffixes\[\] = {/,/};/ { /suffixes/d; /};/d; s/$/ \\/p }' "$driver/symbols.c"
}

# header_has NAME: the function that compat.mk looks for in the headers, for PKS_HAVE_<NAME>
header_has() {
	sed -n "s/.*pks-have,$1,.* \\([^ ]*\\))\$/\\t\"\\1\" \\\\/p" "$driver/compat.mk"
}

echo "/* Made by needs-table.sh from the driver's sources. */"
macro NEEDS_LISTS "$(lists)"
macro NEEDS_OPTIONS "$(options)"
macro NEEDS_COPIES "$(copies)"
macro NEEDS_DAX_COUNT_FROM_0 "$(header_has DAX_COUNT_FROM_0)"
macro NEEDS_DAX_COUNT_FROM_1 "$(header_has DAX_COUNT_FROM_1)"
