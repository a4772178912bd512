# SPDX-License-Identifier: GPL-2.0
#
# tests/new makes a test that runs and passes as it stands, and that is the one in
# tests/README.md. What it refuses changes nothing.

. "$(dirname "$0")/../bed/paths.sh"
. "$bed/verdicts.sh"
. "$bed/requires.sh"

requires_guest

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PMEM_PKS_TESTS=$work/tests PMEM_PKS_RESULTS=$work/results
mkdir "$work/tests" "$work/results"

# refused WHAT REGEX ARGUMENT...: in one line, and the tests are as they were
refused() {
	local what=$1 regex=$2 before after status=0

	shift 2
	before=$(ls -l --full-time "$work/tests")
	said=$("$top/tests/new" "$@" 2>&1) || status=$?
	after=$(ls -l --full-time "$work/tests")
	if [ $status = 1 ] && [[ $said =~ ^new:\ [^$'\n']*$ ]] && grep -qE "$regex" <<<"$said" &&
	   [ "$before" = "$after" ]; then
		echo "ok - refused: $what"
	else
		echo "not ok - refused: $what (exit $status)"
		echo "# ${said//$'\n'/$'\n'# }"
	fi
}

described="a namespace is protected, and a stray write is caught"
said=$("$top/tests/new" my-test "$described")
same "it prints the file" "$said" "$work/tests/my-test.sh"
same "shellcheck has nothing to say of it" \
	"$(cp "$top/tests/.shellcheckrc" "$work/" && shellcheck "$said" 2>&1)" ""
same "it is the one of the README" \
	"$(sed -n '/^    DESCRIPTION=/,/^    }/s/^    //p' "$top/tests/README.md" | grep .)" \
	"$(grep -v '^#' "$said" | grep .)"
found=$("$bed/run-test" "$series/my-test")
same "it passes" "$(grep -c '^not ok' <<<"$found")" 0
same "which its own promises do" "$(grep -cE '^ok [0-9]+ (the namespace is protected|a stray write is caught)$' <<<"$found")" 2
sed -i 's/^\tload$/\tload protect=none/' "$said"
same "and do not when they are broken" \
	"$("$bed/run-test" "$series/my-test" | grep -cE '^not ok [0-9]+ (the namespace is protected|a stray write is caught)$')" 2

refused "a name that is taken" "there is a test of this name: .*/my-test.sh" my-test "$described"
refused "a host test's name" "there is a test of this name: .*/arrows.sh" arrows "$described"
for name in "" My-test my_test -my my- my--test ../my "my test" my.sh; do
	refused "the name \"$name\"" "^new: a name has small letters" "$name" "$described"
done
refused "a name that means something else" "^new: kunit is something else" kunit "$described"
refused "no description" "^new: usage: tests/new NAME" other
refused "an empty one" "has a description" other " "
for bad in 'a "quote"' 'a $variable' 'a `command`' 'a \backslash' $'two\nlines'; do
	refused "the description ${bad//$'\n'/ }" "one line, without" other "$bad"
done
