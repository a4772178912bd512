# SPDX-License-Identifier: GPL-2.0
#
# ndctl-pks compiles without a warning, with and without the sanitizers; each command has
# a manual page, which has each of its options and no other; completion knows them all.
# systemd accepts the monitor's unit, and is told when the monitor is ready.

QUICK=1
. "$(dirname "$0")/../bed/paths.sh"
. "$bed/verdicts.sh"
. "$bed/requires.sh"

requires_program meson ninja asciidoctor python3 systemd-analyze zsh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
source=$top/tools/ndctl-plugin

# verdict WHAT STATUS FILE: with what it said, if it failed
verdict() {
	if [ "$2" = 0 ]; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		tail -n 20 "$3" | sed 's/^/# /'
	fi
}

# compile TREE SOURCE OPTION...: and have no warning
compile() {
	local tree=$1 folder=$2

	shift 2
	meson setup --werror "$@" "$tree" "$folder" && ninja -C "$tree" && ! grep -q 'warning:' "$work/said"
}

compile "$work/tree" "$source" -Ddocs=enabled >"$work/said" 2>&1
verdict "it compiles, with its manual pages, without a warning" $? "$work/said"
compile "$work/sane" "$source" -Ddocs=disabled -Dbuildtype=debug -Db_sanitize=address,undefined >"$work/said" 2>&1
verdict "it compiles with the sanitizers, without a warning" $? "$work/said"
meson test -C "$work/sane" --print-errorlogs >"$work/said" 2>&1
verdict "its unit tests, with the sanitizers" $? "$work/said"

mkdir -p "$work/bad/tools" "$work/bad/drivers/pmem-pks"
cp -r "$source" "$work/bad/tools/"
cp "$top/drivers/pmem-pks/"{main.c,symbols.c,names.h,compat.h,compat.mk} "$work/bad/drivers/pmem-pks/"
for fault in 'static int unused;' 'int shadow(int a); int shadow(int a) { int b = a; { int a = b; return a; } }'; do
	cp "$source/text.c" "$work/bad/tools/ndctl-plugin/"
	echo "$fault" >>"$work/bad/tools/ndctl-plugin/text.c"
	rm -rf "$work/tree-bad"
	! compile "$work/tree-bad" "$work/bad/tools/ndctl-plugin" -Ddocs=disabled >"$work/said" 2>&1
	verdict "a fault is seen: $fault" $? "$work/said"
done

command=$work/tree/ndctl-pks
for name in $("$command" --list-cmds); do
	diff <("$command" "$name" --list-opts | sort) \
		<(sed -n 's/^\(--[a-z-]*=\{0,1\}\)::$/\1/p' "$source/doc/ndctl-pks-$name.txt" \
			"$source"/doc/option-*.txt | sort -u |
			if grep -q 'include::option-bus-region' "$source/doc/ndctl-pks-$name.txt"; then
				cat
			else
				grep -vE '^--(bus|region)='
			fi) >"$work/said" 2>&1
	verdict "$name: its page has its options" $? "$work/said"
	grep -q "ndctl-pks-$name(1)" "$source/doc/ndctl-pks.txt" >"$work/said" 2>&1
	verdict "$name: it is on the first page" $? "$work/said"
	enough "lines of the page that is built of $name" "$(grep -c . "$work/tree/ndctl-pks-$name.1")" 10
done
enough commands "$("$command" --list-cmds | wc -l)" 7
same "its version is the module's" "$("$command" --version)" \
	"$(sed -n 's/^MODULE_VERSION("\(.*\)");/\1/p' "$top/drivers/pmem-pks/main.c")"

# bash_words WORD...: what the last word may be
bash_words() {
	PATH=$work/tree:$PATH bash -c '
		. "$1"
		shift
		COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1))
		compopt() { :; }
		_ndctl_pks
		echo "${COMPREPLY[*]}"' bash "$source/completion/ndctl-pks" "$@"
}

# zsh_words WORD...: the same in zsh, to which "--mode=s" is one word. Its own commands, which
# only work while somebody types, are replaced.
zsh_words() {
	local given=("$@")

	[ "${*: -2:1}" != "=" ] || given=("${@:1:$# - 3}" "${*: -3:1}=${*: -1}")
	PATH=$work/tree:$PATH zsh -f -c '
		completion=$1
		shift
		words=("$@")
		CURRENT=$#
		typed=$words[-1]
		compset() { typed=${typed#*=} }
		_files() { compadd -- file }
		compadd() {
			while [[ $1 != -- ]]; do shift; done
			shift
			found+=(${(M)@:#$typed*})
		}
		. $completion
		print -r -- $found' zsh "$source/completion/_ndctl-pks" "${given[@]}"
}

# completes TO WORD...: in any order
completes() {
	local to found shell

	to=$(xargs -n 1 <<<"$1" | sort | xargs)
	shift
	for shell in bash zsh; do
		# On a machine with pmem there are namespaces, too
		found=$("${shell}_words" "$@" 2>&1 | xargs -n 1 | grep -v '^namespace[0-9.]*$' | sort | xargs)
		[ "$found" = "$to" ]
		verdict "$shell's completion of: $*" $? <(echo "$found")
	done
}

completes "list log" ndctl-pks l
completes "--namespace= --namespaces" ndctl-pks list --names
completes "--follow --files" ndctl-pks log --f
completes "syslog" ndctl-pks monitor --log = sys
completes "--follow --files" ndctl-pks log --f
completes "--html= --since= --help" ndctl-pks report --
completes "relaxed contain strict panic inherit" ndctl-pks set-mode ""
completes "all" ndctl-pks set-mode contain ""
completes "all" ndctl-pks enable ""
completes "fsdax devdax sector raw" ndctl-pks list -m ""
completes "sector" ndctl-pks list --mode = s
completes "set-mode status selftest" ndctl-pks help s
completes "mode protect pinned writers" ndctl-pks config ""
completes "relaxed contain strict panic inherit" ndctl-pks config mode ""

# zsh finds it, and uses it when somebody types
said=$(PATH=$work/tree:$PATH timeout 60 zsh -f -c '
	zmodload zsh/zpty
	zpty typist zsh -f
	zpty -w typist "fpath=($1 \$fpath); autoload -Uz compinit; compinit -D; PS1=ready:"
	zpty -r typist said "*ready:*ready:*"
	zpty -w -n typist "ndctl-pks set-mode str"$'"'\t'"'
	zpty -r typist said "*set-mode strict*" && print found' zsh "$source/completion" 2>&1)
[ "${said##*$'\n'}" = found ]
verdict "zsh completes what is typed" $? <(echo "$said")

# unit_is_sound FILE: systemd knows all of it, and it is exposed to little
unit_is_sound() {
	systemd-analyze verify --man=no "$1" && systemd-analyze security --offline=true --threshold=15 "$1"
}

unit=$work/ndctl-pks-monitor.service
sed "s|^ExecStart=[^ ]*|ExecStart=$command|" "$work/tree/ndctl-pks-monitor.service" >"$unit"
unit_is_sound "$unit" >"$work/said" 2>&1
verdict "systemd accepts the monitor's unit" $? "$work/said"
mkdir "$work/worse"
for change in 's/^ProtectSystem=.*/ProtectSistem=strict/' '/^Protect/d'; do
	sed "$change" "$unit" >"$work/worse/ndctl-pks-monitor.service"
	said=$(unit_is_sound "$work/worse/ndctl-pks-monitor.service" 2>&1)
	[ $? != 0 ] || grep -q Sistem <<<"$said"
	verdict "and not with $change" $? <(echo "$said")
done

# Wait for what the monitor says to a service manager, and end it
python3 - "$command" "$work" >"$work/said" 2>&1 <<'END'
import os, signal, socket, subprocess, sys
command, work = sys.argv[1:]
for address in work + "/notify", "\0" + work + "/abstract":
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.settimeout(20)
    manager.bind(address)
    monitor = subprocess.Popen([command, "monitor", "--log", work + "/log"],
                               env=dict(os.environ, NOTIFY_SOCKET=address.replace("\0", "@")))
    said = manager.recv(100)
    monitor.send_signal(signal.SIGTERM)
    assert (said, monitor.wait(20)) == (b"READY=1", 0), (said, monitor.returncode)
END
verdict "the monitor says when it is ready, and ends by SIGTERM" $? "$work/said"
