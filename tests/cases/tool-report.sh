# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="ndctl-pks report tells what was hit, when and by whom, and replaces its file as a whole"
PMEM="256M 256M"

# status COMMAND...: how it ends, and what it says
status() {
	# shellcheck disable=SC2069 # only what it says of errors
	"$@" 2>&1 >/dev/null && echo 0 || echo $?
}

test() {
	chmod 755 /
	fsdax_namespace
	ndctl create-namespace -f -e namespace1.0 -m devdax >&2
	equal "no module: there is a report" "$(ndctl-pks report | sed -n 3p)" "The module pmem_pks is not loaded."
	load
	load_stray
	equal "no stray write yet" "$(ndctl-pks report | sed -n 3p)" "No record of a stray access."
	stray_writes "$(mapped_at $(($(range_end namespace0.0) - 7)))" 8 thread 3 mov8
	ndctl-pks set-mode contain namespace1.0 >&2
	stray_writes "$(mapped_at $(($(range_start dax1.0) + ($(range_size dax1.0) / 2))))" 8 thread 1 mov4
	as_text
	as_html
	a_file
}

as_text() {
	local say=/tmp/report.txt

	ndctl-pks report >$say
	cat $say >&2
	equal "it sums up" "$(sed -n 3p $say)" "4 stray accesses of 2 functions to 2 namespaces. 3 were let through: their bytes are in the memory. 1 was not performed."
	equal "the kernel" "$(awk '$1 == "Release" { print $3 }' $say)" "$(uname -r),"
	equal "the module's version" "$(awk '/^Module/ { here = 1 } here && $1 == "Version" { print $2; exit }' $say)" \
		"$(modinfo -F version $bed/pmem_pks.ko)"
	matches "a parameter" "$(<$say)" $'\n  pinned +[a-z]+\n'
	matches "each namespace, and the place that was hit" "$(<$say)" \
		$'\n  dax1\.0: devdax, .*, mode contain \(its own\), stray writes 1, .*\n    0 \[\.{36}2\.{35}\] 0x10000000\n  namespace0\.0: fsdax, .*, protected, key 1, mode relaxed, stray writes 3, .*\n    0 \[\.{71}1\] 0x10000000\n'
	matches "the functions, with a stack" "$(<$say)" \
		$'\n  1\. store_mov8 \[pmem_pks_stray\]: 3 times\n       store_mov8\+[^\n]*\n       stray_stores\+'
	equal "the records" "$(sed -n '/^The records/,$p' $say | sed 1d | jq -c .)" "$(ndctl-pks log -j | jq -c '.[]')"
	equal "--since" "$(ndctl-pks report --since "$(date -u -d @$(($(date +%s) + 9)) +%FT%TZ)" | sed -n 3p | cut -c1-34)" \
		"No record of a stray access since "
	equal "no time" "$(status ndctl-pks report --since soon)" \
		"ndctl-pks: soon is no time: take 2026-11-22, 2026-11-22T00:42:40Z, 15m, 2h or 3d"$'\n'234
	equal "a user is told what is missing" "$(status /bed/unprivileged ndctl-pks report)" \
		"ndctl-pks: only root may read the records of stray accesses"$'\n'243
	matches "and gets the rest" "$(/bed/unprivileged ndctl-pks report 2>/dev/null || true)" \
		"could not be read. 4 stray writes were counted."
	refuse "no address is told" grep -q "$(printf '%x' $(($(range_start namespace0.0))))" $say
}

as_html() {
	(
		# The thread that does it has that name
		printf "<b>&\"x" >"/proc/$BASHPID/comm"
		echo "$(mapped_at $(($(range_end namespace0.0) - 15))) 8 thread 1 1 mov8" >$stray/write
	)
	ndctl-pks report --html /tmp/report.html
	equal "HTML: whole" "$(head -n 1 /tmp/report.html)$(tail -n 1 /tmp/report.html)" "<!DOCTYPE html></html>"
	check "HTML: a thread's name is escaped" grep -qF '&lt;b&gt;&amp;&quot;x:' /tmp/report.html
	refuse "everywhere" grep -qF '<b>' /tmp/report.html
	equal "HTML: a map of each" "$(grep -c 'Map of the namespace' /tmp/report.html)" 2
	equal "HTML: to standard output" "$(ndctl-pks report --html - | tail -n 1)" "</html>"
	equal "only its owner may read it" "$(stat -c %a /tmp/report.html)" 600
}

a_file() {
	mkdir /tmp/small
	mount -t tmpfs -o size=8k none /tmp/small
	echo old >/tmp/small/file
	equal "a full disk" "$(status ndctl-pks report --html /tmp/small/file)" \
		"ndctl-pks: /tmp/small/file: No space left on device"$'\n'228
	equal "leaves the old one, and nothing else" "$(ls -A /tmp/small) $(</tmp/small/file)" "file old"
	equal "a device" "$(status ndctl-pks report --html /dev/null)" \
		"ndctl-pks: /dev/null: it is there, and no regular file"$'\n'239
	equal "a full device, as standard output" "$(ndctl-pks report --html - 2>&1 >/dev/full || echo $?)" \
		"ndctl-pks: cannot write the output: No space left on device"$'\n'251
}

cleanup() {
	umount /tmp/small
}
