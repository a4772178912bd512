# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Words by which host tests judge. Each prints a line "ok - ..." or "not ok - ...",
# with the reason as comments below it. Sourced by host tests after paths.sh.

# same WHAT HAVE WANT
same() {
	if [ "$2" = "$3" ]; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		printf '# is:        %s\n# should be: %s\n' "${2//$'\n'/$'\n'# }" "${3//$'\n'/$'\n'# }"
	fi
}

# enough WHAT NUMBER LEAST: a check that sees nothing has nothing to say, either
enough() {
	if [ "$2" -ge "$3" ]; then
		echo "ok - there are $1 to look at"
	else
		echo "not ok - there are $1 to look at ($2)"
	fi
}

# silent COMMAND LEAST: it says nothing of each file on stdin, of which there are enough
silent() {
	local file said count=0

	while read -r file; do
		count=$((count + 1))
		if said=$("$1" "$file") && [ -z "$said" ]; then
			echo "ok - $file"
		else
			echo "not ok - $file"
			printf '%s\n' "$said" | head -n 20 | sed 's/^/# /'
		fi
	done
	enough files "$count" "$2"
}

# finds WHAT COMMAND SUFFIX: it says something of stdin, put into a file with that suffix
finds() {
	local bad

	bad=$(mktemp --suffix="$3")
	cat >"$bad"
	if [ -n "$("$2" "$bad")" ]; then
		echo "ok - $1 finds what there is to find"
	else
		echo "not ok - $1 finds what there is to find"
	fi
	rm -f "$bad"
}

# compile_tool TREE SOURCE OPTION...: ndctl-pks, to be debugged; the test ends if it can't be
compile_tool() {
	local said

	said=$(meson setup -Ddocs=disabled -Dbuildtype=debug "${@:3}" "$1" "$2" 2>&1 && ninja -C "$1" 2>&1) || {
		echo "not ok - it compiles ${*:3}"
		printf '%s\n' "$said" | sed 's/^/# /'
		exit
	}
}

# compile_sane_tool TREE SOURCE: with the sanitizers, which end it with 99
compile_sane_tool() {
	compile_tool "$@" -Db_sanitize=address,undefined
	export UBSAN_OPTIONS=halt_on_error=1:exitcode=99 ASAN_OPTIONS=exitcode=99
}
