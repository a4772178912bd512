# SPDX-License-Identifier: GPL-2.0
#
# ndctl-pks monitor, built with the sanitizers, loses no event and ends when it is told to,
# whatever becomes of those who started it, of its file, and of who reads from it.

. "$(dirname "$0")/../bed/paths.sh"
. "$bed/requires.sh"
. "$bed/verdicts.sh"

requires_program meson ninja unshare python3
unshare --mount --net true 2>/dev/null || \
	skip "only root may have a /sys and a network of its own here"

work=$(mktemp -d)
syslog=
trap 'kill $syslog; rm -rf "$work"' EXIT
compile_sane_tool "$work/tree" "$top/tools/ndctl-plugin"
export PATH=$work/tree:$PATH work
mkfifo "$work/pipe"

# What syslog gets, in a file
mkdir "$work/dev"
touch "$work/dev/null"
exec 7< <(exec python3 -c 'import socket, sys
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind(sys.argv[1] + "/dev/log")
print(flush=True)
while True:
    message = log.recv(65536)
    with open(sys.argv[1] + "/syslog", "ab") as file:
        file.write(message + b"\n")' "$work")
syslog=$!
read -r -u 7

cat >"$work/words" <<'WORDS'
log=/sys/kernel/debug/pmem_pks/log.json

# record COUNT: the module has one, of so many stray writes
record() {
	{
		printf '{"time":"2026-11-22T00:42:40.1Z","first":"2026-11-22T00:42:40.1Z",'
		printf '"count":%s,"namespace":"namespace0.0","access":"write",' "$1"
		printf '"stack":["%0*d"]}\n' "${2:-1}" 0
	} >>$log
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
	[[ $(ls -l "/proc/$1/fd") = *signalfd* ]] && [ "$(awk '{ print $3 }' "/proc/$1/stat")" = S ]
}

# has FILE LINES: that many
has() {
	[ -e "$1" ] && [ "$(wc -l <"$1")" = "$2" ]
}

# ended PID
ended() {
	[ ! -e "/proc/$1" ] || [ "$(awk '{ print $3 }' "/proc/$1/stat")" = Z ]
}

# full: nothing more goes into the pipe, which is file descriptor 8
full() {
	python3 -c 'import fcntl, struct, sys, termios
sys.exit(struct.unpack("i", fcntl.ioctl(8, termios.FIONREAD, b"0000"))[0] < 61440)'
}

# told TEXT NUMBER: syslog has it so often
told() {
	[ "$(grep -sc "$1" "$work/syslog")" = "$2" ]
}


# daemon: the process that has the log open, or would
daemon() {
	local name

	for name in /proc/[0-9]*/cmdline; do
		[ "$(tr '\0' ' ' <"$name" 2>/dev/null)" != "ndctl-pks monitor --daemon --log=$work/log " ] ||
			basename "${name%/*}"
	done
}
WORDS

# in_fake_sys SHELL: with one namespace, and those words
in_fake_sys() {
	rm -rf "$work/log" "$work/syslog"
	timeout 100 unshare --net "$bed/fake-sys" 1 bash -c '
		mount --bind /dev/null "$work/dev/null"
		mount --rbind "$work/dev" /dev
		. "$work/words"
		eval "$0"' "$1" 2>"$work/err"
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

# shellcheck disable=SC2016 # of the inner shell
{
same "SIGTERM ends it though its reader reads nothing" "$(in_fake_sys '
	exec 8<>$work/pipe
	ndctl-pks monitor >&8 &
	soon sleeps $!
	record 1 200000
	uevent
	soon full && echo full
	kill $!
	soon ended $! && echo ended
	kill -KILL $!')" "full"$'\n'"ended"
same "and a reader that takes its time gets all" "$(in_fake_sys '
	ndctl-pks monitor >$work/pipe &
	exec 8<$work/pipe
	soon sleeps $!
	record 1 200000
	uevent
	soon full
	head -n 1 <&8 | wc -c
	kill $!')" 200156
same "no directory at a rotation: syslog has the events until there is one" "$(in_fake_sys '
	mkdir $work/logs
	ndctl-pks monitor -l $work/logs/log &
	soon sleeps $!
	mv $work/logs $work/moved
	kill -HUP $!
	soon told "events come here" 1
	record 1
	uevent
	soon told stray-write 1 && echo syslog
	mkdir $work/logs
	record 2
	uevent
	soon has $work/logs/log 1 && grep -o "\"count\":[0-9]*" $work/logs/log
	told "events come here" 1 && echo told once
	kill $!')" "syslog"$'\n''"count":2'$'\n'"told once"
same "on a full disk it needs nobody to hear what it says" "$(in_fake_sys '
	mkdir $work/small
	mount -t tmpfs -o size=4k none $work/small
	exec 8<>$work/pipe 9>$work/pipe 8<&-
	ndctl-pks monitor -l $work/small/log 2>&9 9>&- &
	soon sleeps $!
	printf "%4096s" >$work/small/log
	record 1
	uevent
	soon told stray-write 1 && echo syslog
	kill $!
	wait $!
	echo $?')" "syslog"$'\n'0
same "a daemon that can go on no more tells syslog why" "$(in_fake_sys '
	ndctl-pks monitor --daemon --log=$work/log
	rm $log
	mkdir $log
	uevent
	soon told "the monitor ends: Input/output error" 1 && echo told')" told
}
