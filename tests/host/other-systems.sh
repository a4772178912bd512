# SPDX-License-Identifier: GPL-2.0
#
# A release of Debian that lacks a series of kernels, and a system that is not
# Debian: what can't be done is said, with the reason, and at once. What apt says
# of its errors is shown.

QUICK=1
. "$(dirname "$0")/../bed/paths.sh"
. "$bed/verdicts.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PMEM_PKS_CACHE=$work/cache PMEM_PKS_RESULTS=$work/results PMEM_PKS_OS_RELEASE=$work/os-release
unset MAKEFLAGS MAKELEVEL TESTS KERNELS KERNEL QUICK LIST

# system ID VERSION NAME
system() {
	printf 'ID=%s\nVERSION_ID="%s"\nPRETTY_NAME="%s"\n' "$1" "$2" "$3" >"$work/os-release"
}

# ends WHAT STATUS REGEX COMMAND...: it ends so, and all that it says is like that
ends() {
	local what=$1 wanted=$2 regex=$3 status=0

	shift 3
	said=$("$@" 2>&1) || status=$?
	said=$(grep -v '^make.*Error [0-9]*$' <<<"$said")
	if [ $status = "$wanted" ] && [[ $said =~ $regex ]]; then
		echo "ok - $what"
	else
		echo "not ok - $what (exit $status)"
		tail -n 20 <<<"$said" | sed 's/^/# /'
	fi
}

system debian 12 "Debian GNU/Linux 12 (bookworm)"
same "each series of the table has a package in some release" \
	"$(for series in $all_kernels; do
		for release in 12 13; do kernel_package "$series" $release; done | head -n 1
	done | grep -c '^linux-image-')" "$(wc -w <<<"$all_kernels")"
names=$(LIST=1 "$bed/check")
same "there each guest test is run on 6.12" "$(grep -c '^6\.12/' <<<"$names")" \
	"$(find "$top/tests/cases" -name '*.sh' | wc -l)"
same "and on 6.1 each but those for which one kernel is enough" "$(grep -c '^6\.1/' <<<"$names")" \
	"$(grep -L '^ONE_KERNEL=1' "$top"/tests/cases/*.sh | wc -l)"
same "and neither is skipped as a whole" "$(grep -cE '^6\.(1|12)/all-tests$' <<<"$names")" 0

system debian 13 "Debian GNU/Linux 13 (trixie)"
names=$(LIST=1 "$bed/check")
same "on Debian 13 the series 6.1 is one test" "$(grep '^6\.1/' <<<"$names")" 6.1/all-tests
same "the others are as many as there are" "$(grep -c '^6\.12/' <<<"$names")" \
	"$(find "$top/tests/cases" -name '*.sh' | wc -l)"
same "KUnit is among them" "$(grep '^kunit/' <<<"$names")" "kunit/$(kernel_for kunit)"
ends "that one test is skipped, with the reason" 0 \
	$'^KTAP version 1\n1\\.\\.0 # SKIP Debian 13 has no kernel of the series 6\\.1$' "$bed/run-test" 6.1/all-tests
ends "to get that kernel fails with the reason" 1 '^kernel: Debian 13 has no kernel of the series 6\.1$' \
	"$bed/kernel" 6.1
mkdir -p "$work/cache/kernel/6.1_1"
same "one that the cache has is used" "$(LIST=1 "$bed/check" | grep -c '^6\.1/all-tests$')" 0
rm -r "$work/cache/kernel"
ends "a series that the table lacks is refused" 1 '^check: tests/kernels has no series 5\.10$' \
	env KERNELS=5.10 "$bed/check"

needs='^packages: this is Fedora Linux 41 \(Forty\), and .* Debian 12 or 13: .*gcc, make.*qemu-system-x86.*linux-image-[^ ]+ and linux-headers-.*"make" alone builds the module here[^'$'\n'']*$'
system fedora 41 "Fedora Linux 41 (Forty)"
for target in demo check kunit bench; do
	ends "make $target elsewhere says what is needed, in one line" 2 "$needs" \
		make -C "$top" --no-print-directory $target
done
system debian "" "Debian GNU/Linux forky/sid"
ends "so it does on a release that the table lacks" 1 "^packages: this is Debian GNU/Linux forky/sid, " "$bed/check"
rm "$work/os-release"
ends "and on a system that does not say what it is" 1 "^packages: this is a system without a name, " "$bed/check"

system debian 12 "Debian GNU/Linux 12 (bookworm)"
mkdir "$work/bin"
for command in apt-get apt-cache; do
	printf '#!/bin/sh\necho "E: %s has lost its mirror" >&2\nexit 100\n' $command >"$work/bin/$command"
done
printf '#!/bin/sh\nexec "$@"\n' >"$work/bin/sudo"
printf '#!/bin/sh\necho not-installed\n' >"$work/bin/dpkg-query"
chmod 755 "$work/bin/"*
PATH=$work/bin:$PATH
ends "what apt says is shown: of a kernel" 1 \
	"E: apt-get has lost.*E: apt-cache has lost.*kernel: there is no linux-image-6\.12-amd64 to be had" "$bed/kernel" 6.12
ends "of its source" 1 "E: apt-get has lost.*E: apt-cache has lost.*kernel-source: there is no linux-source-6\.12" \
	"$bed/kernel-source" 6.12
ends "of packages" 1 "^Installing with apt-get: make .*E: apt-get has lost.*packages: apt-get can't install" \
	"$bed/packages" build
