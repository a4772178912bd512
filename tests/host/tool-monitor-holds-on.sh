# SPDX-License-Identifier: GPL-2.0
#
# ndctl-pks monitor, built with the sanitizers, loses no event and ends when it is told to,
# whatever becomes of those who started it, of its file, and of who reads from it.

. "$(dirname "$0")/../bed/paths.sh"
. "$bed/requires.sh"
. "$bed/verdicts.sh"

requires_program meson ninja unshare python3
unshare --mount --net true 2>/dev/null || skip "only root may have a /sys and a network of its own here"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
compile_sane_tool "$work/tree" "$top/tools/ndctl-plugin"
export PATH=$work/tree:$PATH work
mkfifo "$work/pipe"

cat >"$work/words" <<'WORDS'
log=/sys/kernel/debug/pmem_pks/log.json

# record COUNT: the module has one, of so many stray writes
record() {
	printf '{"time":"2026-11-22T00:42:40.1Z","first":"2026-11-22T00:42:40.1Z","count":%s,"namespace":"namespace0.0","access":"write","stack":["%0*d"]}\n' \
		"$1" "${2:-1}" 0 >>$log
}

# uevent: the kernel sends one, as if of the module
uevent() {
	python3 -c 'import socket
socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 15).sendto(b"change@/kernel/pmem_pks\0", (0, 1))'
}

# soon COMMAND...: it comes true within 20 s
soon() {
	local i

	for ((i = 0; i < 200; i++)); do
		! "$@" || return 0
		sleep 0.1
	done
	return 1
}

# sleeps PID: it waits for events
sleeps() {
	grep -q signalfd <(ls -l "/proc/$1/fd") && [ "$(awk '{ print $3 }' "/proc/$1/stat")" = S ]
}

# has FILE LINES: that many
has() {
	[ -e "$1" ] && [ "$(wc -l <"$1")" = "$2" ]
}

# gone PID
gone() {
	[ ! -e "/proc/$1" ]
}


# daemon: the process that has the log open, or would
daemon() {
	local name

	for name in /proc/[0-9]*/cmdline; do
		[ "$(tr '\0' ' ' <"$name" 2>/dev/null)" != "ndctl-pks monitor --daemon --log=$work/log " ] || basename "${name%/*}"
	done
}
WORDS

# in_fake_sys SHELL: with one namespace, and those words
in_fake_sys() {
	rm -rf "$work/log" "$work/out"
	timeout 100 unshare --net "$bed/fake-sys" 1 bash -c '. "$work/words"; eval "$0"' "$1" 2>"$work/err"
	grep -E 'Sanitizer|runtime error' "$work/err"
}

for closed in '<&-' '>&-' '2>&-' '<&- >&- 2>&-'; do
	# shellcheck disable=SC2016 # of the inner shell
	same "a daemon that was started with $closed has each event in its file" "$(in_fake_sys '
		record 1
		ndctl-pks monitor --daemon --log=$work/log '"$closed"'
		soon has $work/log 1
		record 2
		uevent
		soon has $work/log 2 && grep -o "\"count\":[0-9]*" $work/log | xargs
		kill $(daemon)')" "count:1 count:2"
done
# shellcheck disable=SC2016 # of the inner shell
same "standard output that is closed is refused" \
	"$(in_fake_sys 'ndctl-pks monitor 2>$work/said >&-; echo $? >>$work/said'; cat "$work/said")" \
	"ndctl-pks: standard: Bad file descriptor"$'\n'247
