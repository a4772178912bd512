# SPDX-License-Identifier: GPL-2.0
#
# The table of rooms in architecture.md has each file of the driver, and its rooms
# are in the order of pmem_pks-y in Kbuild.

. "$(dirname "$0")/../bed/paths.sh"
. "$bed/verdicts.sh"

# table TOP: the files that its rows name, in order
table() {
	sed -n '/^## The rooms/,/^## Contexts/s/^| \(`[^|]*\) |.*/\1/p' "$1/Documentation/architecture.md" |
		tr -d '\140,' | tr ' ' '\n' | sed 's/\(.*\)\[ch\]$/\1c\n\1h/'
}

# rooms TOP: the objects of Kbuild, in order, but for the assembly of a room
rooms() {
	sed -n '/^pmem_pks-y :=/,/[^\\]$/p' "$1/drivers/pmem-pks/Kbuild" | tr -s ' \t' '\n' |
		sed -n 's/\.o$//p' | grep -vE '_(entry|ops|call)$'
}

# files TOP: the driver's, but for the one that has all rooms in it, and the one
# that is in no object
files() {
	sources "$1/drivers/pmem-pks" . | sed 's|^\./||' | grep -vxE 'Kbuild|internal\.h|offsets\.c' | sort
}

same "the rooms are in order" "$(rooms "$top")" "$(table "$top" | sed -n 's/\.c$//p')"
same "each file is in a row" "$(files "$top")" "$(table "$top" | sort)"
enough rooms "$(rooms "$top" | wc -l)" 20
