# SPDX-License-Identifier: GPL-2.0
#
# Each relative link of a *.md file leads to a file of this tree, and its fragment,
# if it has one, to a heading there. The README fits a terminal: no line of it is
# longer than 120 characters.

. "$(dirname "$0")/../bed/paths.sh"
. "$bed/verdicts.sh"

# links FILE: the target of each link and picture in it; those in code are none
links() {
	sed -e '/^    /d' -e '/^```/,/^```/d' -e 's/`[^`]*`//g' "$1" | tr '\n' ' ' |
		grep -oE '\]\([^() ]+\)' | sed 's/^](//; s/)$//'
}

# anchors FILE: the fragments that its headings have
anchors() {
	sed -n 's/^##* //p' "$1" | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9_ -]//g; s/ /-/g'
}

# broken TOP: "file: target" for each link that leads nowhere; then "seen NUMBER"
broken() {
	local file target place seen=0

	while read -r file; do
		while read -r target; do
			[[ $target != *://* && $target != mailto:* ]] || continue
			seen=$((seen + 1))
			place=$file
			[ -z "${target%%#*}" ] || place=$(dirname "$file")/${target%%#*}
			if [ ! -e "$place" ]; then
				echo "${file#"$1"/}: $target"
			elif [[ $target = *#* ]] && ! grep -qxF -- "${target#*#}" < <(anchors "$place"); then
				echo "${file#"$1"/}: $target (no such heading)"
			fi
		done < <(links "$file")
	done < <(find "$1" -name '*.md' ! -path '*/tests/results/*' ! -path '*/.git/*' ! -path "$1/build/*" | sort)
	echo "seen $seen"
}

# too_long FILE: its lines of more than 120 characters
too_long() {
	LC_ALL=C.UTF-8 awk 'length > 120 { print FILENAME ":" FNR ": " length " characters" }' "$1"
}

found=$(broken "$top")
if [ "$(wc -l <<<"$found")" = 1 ]; then
	echo "ok - each relative link leads somewhere"
else
	echo "not ok - each relative link leads somewhere"
	sed '/^seen /d; s/^/# /' <<<"$found"
fi
enough links "${found##*seen }" 40
found=$(too_long "$top/README.md")
if [ -z "$found" ]; then
	echo "ok - no line of the README is longer than 120 characters"
else
	echo "not ok - no line of the README is longer than 120 characters"
	printf '# %s\n' "${found//$'\n'/$'\n'# }"
fi

# What is wrong is seen
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/sub"
cat >"$work/sub/page.md" <<'END'
# A heading: of *this* page
[fine](page.md#a-heading-of-this-page), [here](#a-heading-of-this-page), [up](..),
[far](https://example.org/none.md), `[code](none.md)`, [no
file](../gone.md) and [no heading](#another)

    [code](none.md)
END
if [ "$(broken "$work")" = "sub/page.md: ../gone.md
sub/page.md: #another (no such heading)
seen 5" ]; then
	echo "ok - a link to nowhere is found, and no other"
else
	echo "not ok - a link to nowhere is found, and no other"
	broken "$work" | sed 's/^/# /'
fi
printf '%120s\n%121s\n' x x >"$work/long"
if [ "$(too_long "$work/long")" = "$work/long:2: 121 characters" ]; then
	echo "ok - a line that is too long is found"
else
	echo "not ok - a line that is too long is found"
fi
