# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="ndctl-pks monitor tells of each event once, outlives a reload and a full disk, and sleeps"
PMEM="256M 256M"

stray_write_to() {
	stray_writes "$(mapped_at $(($(range_end "$1") - 7)))" 8 thread 1 "${2:-mov8}"
}

# has FILE LINES: that many
has() {
	[ "$(wc -l <"$1")" = "$2" ]
}

# first OPTION...: the namespace of the first event. The next may be written to no reader.
first() {
	{ ndctl-pks monitor "$@" || true; } | head -n 1 | jq -r .namespace
}

# status COMMAND...: how it ends, and what it says
status() {
	"$@" 2>&1 && echo 0 || echo $?
}

test() {
	chmod 755 /
	syslogd -O /tmp/syslog
	fsdax_namespace
	ndctl create-namespace -f -e namespace1.0 -m devdax >&2
	comes_and_goes
	selects
	in_the_background
	a_full_disk
	hostile_paths
}

comes_and_goes() {
	ndctl-pks monitor >/tmp/events 2>/tmp/said &
	check "no module: one event" soon 10 has /tmp/events 1
	load
	load_stray
	check "the module comes: one event" soon 10 has /tmp/events 2
	stray_write_to namespace0.0
	check "a stray write: one event" soon 10 has /tmp/events 3
	equal "it has all that the record has" "$(tail -n 1 /tmp/events | jq -c 'del(.event)')" \
		"$(ndctl-pks log --json | jq -c '.[0]')"
	stray_write_to namespace0.0
	check "one more of a kind is one more event" soon 10 has /tmp/events 4
	unload
	check "the module goes: one event" soon 10 has /tmp/events 5
	load
	check "it comes back: one event" soon 10 has /tmp/events 6
	stray_write_to dax1.0
	check "its stray writes are seen, too" soon 10 has /tmp/events 7
	equal "the events are those" "$(jq -c '[.event, .namespace, .count]' /tmp/events | xargs)" \
		"[module-not-loaded,null,null] [module-loaded,null,null] [stray-write,namespace0.0,1] [stray-write,namespace0.0,2] [module-not-loaded,null,null] [module-loaded,null,null] [stray-write,dax1.0,1]"
	equal "each has a time" "$(jq -r .time /tmp/events | grep -cE '^20[-0-9]{8}T[0-9:]{8}\.[0-9]{9}Z$')" 7
	kill -TERM $!
	wait $! && equal "SIGTERM ends it well" $? 0
	equal "it said nothing else" "$(</tmp/said)" ""
	equal "it ends when its reader does" "$(first)" dax1.0
	matches "for humans the offset is hexadecimal" \
		"$({ ndctl-pks monitor --human || true; } | grep -m 1 offset)" '^  "offset":"0x[0-9a-f]*",$'
	equal "as a user" "$(status /bed/unprivileged ndctl-pks monitor)" \
		"ndctl-pks: only root may read the records of stray accesses"$'\n'243
}

selects() {
	stray_write_to namespace0.0
	equal "--region" "$(first --region=region1) $(first --region=region0)" "dax1.0 namespace0.0"
	equal "-n" "$(first -n 1.0) $(first -n "dax1.0 x") $(first -n namespace0.0)" "dax1.0 dax1.0 namespace0.0"
	printf '# one\n[monitor]\nnamespace = namespace0.0\n' >/tmp/conf
	equal "--config-file" "$(first -c /tmp/conf)" namespace0.0
	equal "an option takes precedence" "$(first -c /tmp/conf -n namespace1.0)" dax1.0
	printf '[monitor]\nlog = syslog\ncolour = red\n' >/tmp/conf
	equal "a mistake in it" "$(status ndctl-pks monitor -c /tmp/conf)" \
		"ndctl-pks: /tmp/conf:3: there are only the keys bus, region, dimm, namespace and log"$'\n'234
}

switches() {
	sed -n 's/^.*ctxt_switches:\t//p' "/proc/$1/status" | xargs
}

# The daemon's file is /tmp/small/log. It has two events that are older than itself.
in_the_background() {
	local before

	mkdir /tmp/small
	mount -t tmpfs -o size=64k none /tmp/small
	(umask 0; ndctl-pks monitor --daemon --log=/tmp/small/log)
	daemon=$(pidof ndctl-pks)
	equal "what there is, is told at once" "$(jq -r .event /tmp/small/log | xargs)" "stray-write stray-write"
	equal "the file is root's alone" "$(stat -c %a /tmp/small/log)" 600
	stray_write_to namespace0.0
	check "the daemon tells of a stray write" soon 10 has /tmp/small/log 3
	# What follows a stray write is over after a second
	sleep 2
	before=$(switches "$daemon")
	sleep 20
	equal "it does not run once in 20 s without an event" "$(switches "$daemon")" "$before"
	mv /tmp/small/log /tmp/small/log.1
	kill -HUP "$daemon"
	check "SIGHUP has it make the file anew" soon 10 [ -e /tmp/small/log ]
	stray_write_to namespace0.0
	check "which has the next event" soon 10 has /tmp/small/log 1
	check "and the old one has not" has /tmp/small/log.1 3
}

# told TEXT NUMBER: syslog has it so often
told() {
	[ "$(grep -c "$1" /tmp/syslog)" = "$2" ]
}

# There is room for 96 bytes on the page that the file has, and nowhere else
a_full_disk() {
	equal "syslog knows of nothing yet" "$(grep -c ndctl-pks /tmp/syslog || true)" 0
	head -c 4000 /dev/zero | tr '\0' '\n' >/tmp/small/log
	dd if=/dev/zero of=/tmp/small/rest bs=1k status=none || true
	stray_write_to namespace0.0 mov4
	check "a full disk: the event goes to syslog" soon 10 told '"namespace":"namespace0.0".*"width":4' 1
	stray_write_to dax1.0 mov4
	check "the next one, too" soon 10 told '"namespace":"dax1.0".*"width":4' 1
	check "that is told once" told 'No space left on device' 1
	rm /tmp/small/rest
	stray_write_to dax1.0 mov4
	check "with room again, the next is in the file" soon 10 has /tmp/small/log 4002
	equal "in a line of its own" "$(tail -n 1 /tmp/small/log | jq -c '[.namespace, .width, .count]')" '["dax1.0",4,2]'
	kill -TERM "$daemon"
	check "SIGTERM ends the daemon" soon 10 [ ! -e "/proc/$daemon" ]
}

hostile_paths() {
	local path

	cd /tmp/small || return
	rm -f -- *
	ln -s /etc/target link
	mkfifo pipe
	mkdir directory
	equal "a link" "$(status ndctl-pks monitor -l link)" "ndctl-pks: link: it is a symbolic link"$'\n'216
	check "leads nowhere" [ ! -e /etc/target ]
	equal "a pipe holds nothing up" "$(status ndctl-pks monitor -l pipe)" \
		"ndctl-pks: pipe: No such device or address"$'\n'250
	equal "a directory" "$(status ndctl-pks monitor -l directory)" "ndctl-pks: directory: Is a directory"$'\n'235
	equal "a device" "$(status ndctl-pks monitor -l /dev/null)" \
		"ndctl-pks: /dev/null: it is there, and no regular file"$'\n'239
	equal "control characters" "$(status ndctl-pks monitor -l $'/none/a\nb\033')" \
		"ndctl-pks: /none/a?b?: No such file or directory"$'\n'254
	matches "4 KiB" "$(status ndctl-pks monitor -l "$(head -c 4096 /dev/zero | tr '\0' x)")" \
		'^ndctl-pks: xxx*\.\.\.: File name too long'$'\n''220$'
	for path in standard log; do
		matches "--daemon -l $path" "$(status ndctl-pks monitor --daemon -l $path)" \
			"^ndctl-pks: --daemon logs to .*: not to $path"$'\n''234$'
	done
	ndctl-pks monitor >/dev/full 2>/tmp/said &
	check "standard output on a full disk: it is told" soon 10 [ -s /tmp/said ]
	kill $!
	wait $! && equal "it goes on until it is ended" $? 0
	equal "it is told once" "$(</tmp/said)" \
		"ndctl-pks: standard: No space left on device. The events go to syslog"
	cd / || return
}

cleanup() {
	killall ndctl-pks syslogd
	umount /tmp/small
}
