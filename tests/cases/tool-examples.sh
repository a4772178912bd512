# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="each example of ndctl-pks's manual pages prints what the page says, but for numbers"
PMEM="1G 1G"

# The commands of a page's examples, and what they print: "# command", then its output
examples() {
	awk '/^[.][.][.][.]$/ { inside = !inside; next } inside' "$1"
}

# Without what differs from run to run, and from kernel to kernel: numbers and stacks
masked() {
	sed -E '/^    [^ ]+[+]0x/d; s/[0-9a-f]{8}-[0-9a-f-]{27}/UUID/g; s/0x[0-9a-f]+/HEX/g
		s/[0-9]+[.][0-9]+[.][0-9]+[-+][-+a-z0-9]+/RELEASE/g; s/data [0-9a-f]+/data N/
		s/[0-9]+/N/g; s/ +/ /g'
}

# before_each_page: two namespaces, and one stray write to the first
before_each_page() {
	ndctl-pks enable all
	ndctl-pks set-mode inherit all
	stray_writes "$(mapped_at $(($(range_end namespace0.0) - 7)))" 8 thread 1
} >&2

test() {
	local page command

	fsdax_namespace
	ndctl create-namespace -f -e namespace1.0 -m devdax >&2
	load
	load_stray
	for page in /bed/ndctl-pks-*.txt; do
		before_each_page
		examples "$page" >/tmp/examples
		check "${page##*/} has examples" grep -q '^# ndctl-pks' /tmp/examples
		sed -n 's/^# \(ndctl-pks \)/\1/p' /tmp/examples >/tmp/commands
		while read -r command; do
			echo "# $command"
			bash -c "$command" 2>&1 </dev/null || true
		done </tmp/commands >/tmp/printed
		cat /tmp/printed >&2
		masked </tmp/examples >/tmp/should
		masked </tmp/printed >/tmp/is
		check "${page##*/}: they print that" diff /tmp/should /tmp/is
	done
}
