# SPDX-License-Identifier: GPL-2.0
#
# The KUnit tests' bed: a case that fails, a suite that is cut short or is not
# run at all, and a kernel that says nothing, are failures.

QUICK=1
. "$(dirname "$0")/../bed/paths.sh"
. "$bed/requires.sh"

kunit=$build/kunit/tools/testing/kunit/kunit.py
[ -e "$kunit" ] || skip "there is no kunit.py here: make kunit brings it"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PYTHONDONTWRITEBYTECODE=1

# verdicts LINE...: what is made of a console with these lines, in $found
verdicts() {
	rm -f "$work/results.json"
	printf '%s\n' "$@" >"$work/console"
	"$kunit" parse --json="$work/results.json" "$work/console" >&2 && status=0 || status=$?
	found=$("$bed/kunit-verdicts" "$work/results.json" a b)
}

# tells WHAT STATUS LINE...: those are the verdicts, and that is kunit.py's word
tells() {
	local what=$1 expected=$2

	shift 2
	if [ "$found" = "$(printf '%s\n' "$@")" ] && [ "$status" = "$expected" ]; then
		echo "ok - $what"
	else
		echo "not ok - $what"
		echo "# exit $status"
		echo "# ${found//$'\n'/$'\n'# }"
	fi
}

begin=("KTAP version 1" "1..2")
suite_a=("    KTAP version 1" "    # Subtest: a" "    1..2" "    ok 1 one" "    ok 2 two" "ok 1 a")
suite_b=("    KTAP version 1" "    # Subtest: b" "    1..1" "    ok 1 three" "ok 2 b")

verdicts "${begin[@]}" "${suite_a[@]}" "${suite_b[@]}"
tells "what passes passes" 0 "ok - a: one" "ok - a: two" "ok - b: three"

verdicts "${begin[@]}" "${suite_a[@]}" "${suite_b[@]/    ok/    not ok}"
tells "a case that fails is seen" 1 "ok - a: one" "ok - a: two" "not ok - b: three"

verdicts "${begin[@]}" "${suite_a[@]}" "${suite_b[@]:0:3}"
tells "a suite that is cut short is seen" 1 "ok - a: one" "ok - a: two" \
	"not ok - b: a test without a name (crashed)"

verdicts "1..1" "${suite_a[@]}"
tells "a suite that is not run is seen" 0 "ok - a: one" "ok - a: two" "not ok - b: the suite is run"

verdicts "Kernel panic - not syncing: no tests"
tells "a kernel that runs no test is seen" 1 "not ok - a: the suite is run" "not ok - b: the suite is run"
