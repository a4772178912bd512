# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="ndctl-pks log prints each record, the newest last, and follows"
QUICK=1
PMEM="256M 256M"

stray_write_to() {
	stray_writes "$(mapped_at $(($(range_end "$1") - 7)))" 8 thread 1 "$2"
}

test() {
	chmod 755 /
	fsdax_namespace
	ndctl create-namespace -f -e namespace1.0 -m devdax >&2
	equal "no module" "$(ndctl-pks log 2>&1 || echo $?)" \
		"ndctl-pks: the module pmem_pks is not loaded"$'\n'237
	load
	load_stray
	equal "there is none at first" "$(ndctl-pks log; ndctl-pks log -j | jq -c .)" '[]'
	umount /sys/kernel/debug
	equal "no debugfs" "$(ndctl-pks log 2>&1 || echo $?)" \
		"ndctl-pks: there are no records, as debugfs is not mounted"$'\n'254
	mount -t debugfs none /sys/kernel/debug
	stray_write_to namespace0.0 mov8
	stray_write_to dax1.0 mov4
	stray_write_to namespace0.0 mov8
	equal "JSON: the objects of log.json, the newest last" "$(ndctl-pks log --json | jq -c '.[]')" \
		"$(jq -c . $pks_debug/log.json | tac)"
	equal "human: a line each" "$(ndctl-pks log | grep -c '^20')" 2
	matches "with all that the record has" "$(ndctl-pks log -n namespace0.0)" \
		'^20[-0-9:.TZ]* stray write to namespace0\.0\+0x[0-9a-f]+ by store_mov8\+.* \[pmem_pks_stray\], task bash:[0-9]+, CPU [01], let through
  context thread, mode relaxed, width 8, bytes 8, data [0-9a-f]{16}
  2 times since 20.*
    store_mov8\+.*
    stray_stores\+'
	selects
	as_a_user
	follows
}

selects() {
	local name

	for name in namespace1.0 1.0 dax1.0; do
		equal "-n $name" "$(ndctl-pks log -j -n $name | jq -c 'map(.namespace)')" '["dax1.0"]'
	done
	for name in namespace9.0 ../x $'a\nb' ""; do
		equal "-n ${name@Q}" "$(ndctl-pks log -j -n "$name" | jq -c .)" '[]'
	done
	equal "--since an hour ago" "$(ndctl-pks log -j --since 1h | jq length)" 2
	equal "--since now" "$(ndctl-pks log -j --since "$(date -u -d @$(($(date +%s) + 1)) +%FT%TZ)" | jq length)" 0
	equal "--since the last one" "$(ndctl-pks log -j --since "$(ndctl-pks log -j | jq -r '.[1].time[0:19]')Z" |
		jq -c '.[-1].namespace')" '"namespace0.0"'
	equal "no time" "$(ndctl-pks log --since soon 2>&1 || echo $?)" \
		"ndctl-pks: soon is no time: take 2026-11-22, 2026-11-22T00:42:40Z, 15m, 2h or 3d"$'\n'234
}

as_a_user() {
	equal "a user is told" "$(/bed/unprivileged ndctl-pks log 2>&1 || echo $?)" \
		"ndctl-pks: only root may read the records of stray accesses"$'\n'243
}

lines_are() {
	[ "$(wc -l </tmp/followed)" = "$1" ]
}

follows() {
	ndctl-pks log --follow --json >/tmp/followed 2>/tmp/follow-said &
	check "what is there is printed" soon 10 lines_are 2
	stray_write_to dax1.0 mov4
	check "one more of a kind is printed" soon 10 lines_are 3
	stray_write_to dax1.0 mov2
	check "one of a new kind is printed" soon 10 lines_are 4
	equal "they are what came" "$(tail -n 2 /tmp/followed | jq -c '[.namespace, .count, .width]' | xargs)" \
		"[dax1.0,2,4] [dax1.0,1,2]"
	ndctl-pks log --follow | head -n 1 >&2
	pass "it ends when its reader does"
	unload
	wait $! && fail "it ends as a failure when the module goes" || equal "it ends when the module goes" "$?" 237
	equal "and says why" "$(</tmp/follow-said)" "ndctl-pks: the module pmem_pks is not loaded"
}
