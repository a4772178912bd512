# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="ndctl-pks list says how each namespace is protected, in each form, to root and to a user"
QUICK=1
PMEM="256M 256M"

# pks_of NAMESPACE: its member pks
pks_of() {
	ndctl-pks list -n "$1" | jq -c '.[0].pks'
}

test() {
	chmod 755 /
	fsdax_namespace
	ndctl create-namespace -f -e namespace1.0 -m devdax >&2
	equal "no module: nothing is protected" \
		"$(ndctl-pks list | jq -c 'map(.pks)')" '[{"protected":false},{"protected":false}]'
	load
	load_stray
	says_what_the_files_say
	the_last_one
	forms
	as_a_user
	hostile
	broken
}

says_what_the_files_say() {
	equal "fsdax" "$(pks_of namespace0.0)" \
		'{"protected":true,"key":'"$(<$namespaces/namespace0.0/key)"',"key_shared":false,"mode":"inherit","effective_mode":"relaxed","stray_writes":0,"pinned_writes":0,"fail_open":0}'
	equal "devdax" "$(pks_of dax1.0 | jq .key)" "$(<$namespaces/dax1.0/key)"
	echo contain >$pks/fault_mode
	echo strict >$namespaces/dax1.0/fault_mode
	equal "its own mode, and the one that holds" \
		"$(ndctl-pks list | jq -c 'map(.pks.mode, .pks.effective_mode)')" \
		'["strict","strict","inherit","contain"]'
	echo relaxed >$pks/fault_mode
	echo inherit >$namespaces/dax1.0/fault_mode
	echo 0 >$namespaces/dax1.0/protect
	equal "what is off" "$(pks_of namespace1.0 | jq .protected)" false
	echo 1 >$namespaces/dax1.0/protect
}

the_last_one() {
	stray_writes "$(mapped_at $(($(range_end namespace0.0) - 7)))" 8 thread 3
	equal "the last one is told, as its record has it" \
		"$(pks_of namespace0.0 | jq -c '[.stray_writes, .last.time, .last.function + " [" + .last.module + "]", .last.offset, .last.outcome]')" \
		"$(jq -c '[3, .time, .function, .offset, .outcome]' $pks_debug/log.json)"
	equal "and no other has one" "$(pks_of namespace1.0 | jq -c .last)" null
}

forms() {
	local lines

	equal "--array is an array also for one, with -u" \
		"$(ndctl-pks list -u -n namespace0.0 --array | jq -c 'map(.dev)')" '["namespace0.0"]'
	equal "and for none" "$(ndctl-pks list -n namespace9.9 --array | jq -c .)" '[]'
	lines=$(ndctl-pks list --lines)
	equal "--lines has a line each" "$(grep -c '^{.*}$' <<<"$lines")" 2
	equal "with the same objects" "$(jq -s . <<<"$lines")" "$(ndctl-pks list | jq .)"
	ndctl-pks list --table | tee /tmp/table >&2
	equal "--table has a heading and a line each" "$(awk '{ print $1 }' /tmp/table | sort | xargs)" \
		"DEV namespace0.0 namespace1.0"
	equal "and is aligned" \
		"$(awk '{ print match($0, / (yes|PROTECTED)/) ? "column" RSTART : $0 }' /tmp/table | uniq | wc -l)" 1
	refuse "--table of regions" ndctl-pks list -R --table
}

as_a_user() {
	equal "a user sees the same, but for the last one" \
		"$(/bed/unprivileged ndctl-pks list | jq -c 'map(.pks)')" \
		"$(ndctl-pks list | jq -c 'map(.pks | del(.last))')"
	equal "without a word" "$(/bed/unprivileged ndctl-pks list 2>&1 >/dev/null)" ""
}

# status_is WHAT STATUS COMMAND...: and one line that names the program
status_is() {
	local what=$1 status=$2 said

	shift 2
	said=$("$@" 2>&1 >/dev/null) && set -- 0 || set -- $?
	equal "$what: the exit status" "$1" "$status"
	matches "$what: is said" "$said" '^ndctl-pks: [^'$'\n'$'\001''-'$'\037'']*($|'$'\n''usage: )'
}

hostile() {
	local name
	local long

	long=$(head -c 4096 /dev/zero | tr '\0' x)
	for name in ../../../etc/passwd "a b" $'a\nb' "$long" "" .; do
		equal "no namespace is called ${name:0:20}" \
			"$(ndctl-pks list -n "$name" --array | jq -c .)" '[]'
		status_is "no mode is called ${name:0:20}" 234 ndctl-pks list -m "$name"
	done
	status_is "an argument too many" 129 ndctl-pks list $'a\nb/'"$long"
	status_is "an unknown option" 129 ndctl-pks list --"$long"
	status_is "an unknown command" 1 ndctl-pks $'li\nst'
	status_is "a full disk" 251 bash -c 'ndctl-pks list >/dev/full'
	(
		trap - PIPE
		set +o pipefail
		yes | head -n 1
		ndctl-pks list | true
		echo "${PIPESTATUS[0]}"
	) >/tmp/pipe
	matches "a pipe that is not read" "$(tail -n 1 /tmp/pipe)" '^(0|141)$'
}

# A file of another form, and one that can't be read
broken() {
	echo garbage >/tmp/garbage
	mount --bind /tmp/garbage $namespaces/namespace0.0/key
	status_is "a file of another form" 185 ndctl-pks list
	umount $namespaces/namespace0.0/key
}

cleanup() {
	umount $namespaces/namespace0.0/key
}
