# SPDX-License-Identifier: GPL-2.0
#
# What can't be tested is skipped and counted, with its reason, and no skip hides
# a failure.

. "$(dirname "$0")/../bed/paths.sh"
. "$bed/requires.sh"

requires_guest

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PMEM_PKS_TESTS=$work/tests PMEM_PKS_RESULTS=$work/results
mkdir -p "$work/tests" "$work/results"

# guest_test NAME: of stdin's functions
guest_test() {
	{
		printf 'DESCRIPTION="%s"\nPMEM=""\n' "$1"
		cat
	} >"$work/tests/$1.sh"
	names+=("$1")
}

names=()
guest_test no-option <<'TEST'
requires() { requires_config X86_64 NO_SUCH_OPTION; }
test() { fail "never run"; }
TEST
guest_test no-program <<'TEST'
requires() { requires_program bash no-such-program; }
test() { fail "never run"; }
TEST
guest_test bad-requires <<'TEST'
requires() { no_such_word; }
test() { pass "never run"; }
TEST
guest_test no-function <<'TEST'
requires() { requires_config X86_64; }
test() {
	requires_function dax_zero_range no_such_function
	fail "never reached"
}
test_next_boot() { fail "never booted"; }
TEST
guest_test part <<'TEST'
test() {
	pass "the first half"
	requires_module nfit no_such_module
	fail "never reached"
}
TEST
guest_test fails-and-skips <<'TEST'
test() { skip "of no use"; }
cleanup() { fail "the cleanup"; }
TEST
guest_test no-reason <<'TEST'
test() { skip; }
TEST
guest_test nothing <<'TEST'
requires() { echo "# nothing"; }
test() { :; }
TEST

sources=("${names[@]/#/$series/}")
mkdir -p "$work/plan/$series"
(cd "$work/plan" && touch "${sources[@]}" &&
 prove --comments --jobs 2 --exec "$bed/run-test" "${sources[@]}") >"$work/proved" 2>&1
status=$?

# told WHAT REGEX: a line of $found is like that
told() {
	if grep -qE "$2" <<<"$found"; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		echo "# ${found//$'\n'/$'\n'# }"
	fi
}

verdict() {
	found=$(cat "$work/results/$series/$1/ktap")
}

found=$(<"$work/proved")
told "prove tells of an option that the kernel lacks" \
	"^$series/no-option .*skipped: the kernel [0-9][^ ]* lacks CONFIG_NO_SUCH_OPTION"
told "of a program that this machine lacks" "^$series/no-program .*skipped: there is no program no-such-program"
told "of a function that the kernel lacks" "^$series/no-function .*skipped: the kernel [0-9][^ ]* has no function no_such_function"
told "and of the failures" "^Result: FAIL"
found=$(grep -c "^$series/.*(Wstat: .* Failed: 1)" "$work/proved")
told "each of the four" '^4$'
found=$status
told "and fails" '^[1-9]'
verdict part
told "what was promised before a skip is kept" '^ok 1 the first half$'
told "and the rest is skipped" '^ok 2 the rest # SKIP the kernel [0-9][^ ]* has no module no_such_module here$'
verdict fails-and-skips
told "a skip hides no failure" '^not ok [0-9]+ the cleanup$'
verdict no-reason
told "a skip without a reason fails" '^not ok [0-9]+ a skip has a reason$'
verdict nothing
told "so does a test that promises nothing" '^not ok 1 the test promises something$'
verdict bad-requires
told "and one whose requires() does not come to its end" '^not ok 1 requires\(\) came to its end \(exit 127\)$'

found=$("$bed/summary" "${sources[@]}")
told "the summary counts the skips" '^Skipped: 3 of 8 tests, and 2 parts of others$'
told "with each reason" "^  there is no program no-such-program: $series/no-program$"
for ((i = 1; i < 12; i++)); do
	mkdir -p "$work/results/made/$i"
	echo $((i * 100)).5 >"$work/results/made/$i/seconds"
	printf 'whole\tnone here\n' >"$work/results/made/$i/skipped"
done
mkdir -p "$work/results/made/fast"
echo 1.0 >"$work/results/made/fast/seconds"
found=$("$bed/summary" made/fast made/{1..11} made/not-run)
told "it has a line for each reason" '^  none here: made/1 made/2 .* made/11$'
found=$(grep -A 20 '^Slowest' <<<"$found" | tail -n +2 | xargs)
told "and the ten slowest, from the slowest on" '^1100.5 made/11 1000.5 made/10 .* 200.5 made/2$'
