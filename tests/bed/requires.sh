# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Words for what a test needs of the machine that runs the test bed. A test that
# lacks something is skipped, and says why. Sourced by host tests after paths.sh,
# and by run-test for a guest test's function requires(); $series is its kernel.
# The words for what a test needs in the guest are in guest/checks.

# skip REASON: the rest of the test is skipped
skip() {
	echo "skip $*"
	exit 0
}

# requires_program NAME...: each can be called here
requires_program() {
	local name

	for name in "$@"; do
		command -v "$name" >/dev/null || skip "there is no program $name"
	done
}

# requires_kernel SERIES: it is in the cache
requires_kernel() {
	[ -e "$cache/kernel/$1/release" ] || skip "there is no kernel of the series $1 in the cache"
}

# requires_config OPTION...: the kernel has each, built in or as a module
requires_config() {
	local option kernel=$cache/kernel/$series config

	config=$kernel/boot/config-$(<"$kernel/release")
	for option in "$@"; do
		grep -q "^CONFIG_${option#CONFIG_}=[ym]" "$config" ||
			skip "the kernel $(<"$kernel/release") lacks CONFIG_${option#CONFIG_}"
	done
}

# requires_guest: one was built, for a kernel that tests are run on: the first is $series
requires_guest() {
	for series in $kernels; do
		[ ! -e "$build/$series/base.cpio" ] || return 0
	done
	skip "no guest was built"
}

# requires_prometheus: Debian's is in the cache, in $prometheus
requires_prometheus() {
	prometheus=$cache/prometheus/debian
	[ -x "$prometheus/usr/bin/promtool" ] || skip "there is no Prometheus in the cache: see bed/prometheus"
}
