# SPDX-License-Identifier: GPL-2.0
#
# ndctl-pks, built with the sanitizers, bears files of the module that no kernel has, and
# 256 namespaces: it neither reads nor frees what it must not, loses no memory, and prints
# no control character.

. "$(dirname "$0")/../bed/paths.sh"
. "$bed/requires.sh"
. "$bed/verdicts.sh"

requires_program meson ninja unshare
unshare --mount true 2>/dev/null || skip "only root may have a /sys of its own here"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
compile_sane_tool "$work/tree" "$top/tools/ndctl-plugin"
export PATH=$work/tree:$PATH

# bears COUNT FILES COMMAND...: FILES is shell that changes the fake files first
bears() {
	local count=$1 files=$2 status=0 what

	shift 2
	what="$count namespaces${files:+, ${files%%$'\n'*}}: $*"
	what=${what:0:150}
	# The monitor goes on until it is told to end, which it is from the beginning
	env --block-signal=TERM "$bed/fake-sys" "$count" bash -c '
		cd /sys/kernel && eval "$0" && { [ "$1" != monitor ] || kill $$; } && exec ndctl-pks "$@"' \
		"$files" "$@" >"$work/out" 2>"$work/err" || status=$?
	if [ $status = 99 ] || [ $status = 126 ] || [ $status = 127 ] ||
	   grep -qE 'Sanitizer|runtime error' "$work/err"; then
		echo "not ok - ${what//$'\n'/ } (exit $status)"
		tail -n 20 "$work/err" | sed 's/^/# /'
	elif LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f-\xff]' "$work/out" "$work/err"; then
		echo "not ok - ${what//$'\n'/ }: it prints no control character"
	else
		echo "ok - ${what//$'\n'/ }"
	fi
}

# A user may open the directory of the configuration, and lock it for ever
chmod 755 "$work"
mkdir -m 755 "$work/conf"
coproc USER {
	exec setpriv --reuid=65534 --clear-groups \
		bash -c 'exec 9<"$1" && flock 9 && echo && exec cat' bash "$work/conf"
}
read -r -u "${USER[0]}"
timeout 20 ndctl-pks config --directory="$work/conf" mode strict
same "a user who has locked the directory keeps nobody from changing it" "$?" 0
kill "$USER_PID"
same "nothing but the file is left there" "$(ls -A "$work/conf")" 50-ndctl-pks.conf

same "one that was named and is not there is told of" \
	"$(ndctl-pks config --directory="$work/none" 2>&1; echo $?)" \
	"ndctl-pks: cannot read $work/none: No such file or directory"$'\n'254

# A file that no command would read again is not written
head -c 1048570 /dev/zero | tr '\0' '#' >"$work/conf/50-ndctl-pks.conf"
same "a file that would be too large stays as it is" \
	"$(ndctl-pks config --directory="$work/conf" mode strict 2>&1
		stat -c %s "$work/conf/50-ndctl-pks.conf")" \
	"ndctl-pks: cannot write $work/conf/50-ndctl-pks.conf: File too large"$'\n1048570'

long=$(head -c 4096 /dev/zero | tr '\0' x)
commands=(list "list -RDBNiuX" "list --table" "list --lines -u" "list --array -R" status log "log -j" "log -n namespace0.1"
	monitor "monitor -u -r region0" metrics "metrics -p" report "report --html -"
	"enable all" "disable 0.0 0.1 0.0" "set-mode contain all" selftest "selftest -j 0.1")
for command in "${commands[@]}"; do
	# shellcheck disable=SC2086 # words
	for count in 0 2; do
		bears $count "" $command
	done
done
bears 256 "" list -u
bears 256 "" status

record='{"time":"2026-11-22T00:42:40.1Z","first":"2026-11-22T00:42:40.1Z","count":1,"namespace":"namespace0.0","offset":4096,"access":"write","width":8,"bytes":8,"data":"00","function":"f+0x1/0x2 [m]","comm":"a\u001b[2Jb\n","pid":1,"cpu":0,"context":"thread","mode":"relaxed","outcome":"let through","no_shield_from":"","stack":["f","\u0007"]}'
hostile=(
	'# a record as it is to be'$'\n'"echo '$record' >debug/pmem_pks/log.json; echo 1 >pmem_pks/namespaces/namespace0.0/stray_writes"
	'# a record whose members are of other types'$'\n'"echo '{\"time\":1,\"count\":[],\"namespace\":\"namespace0.0\",\"function\":{\"a\":1},\"offset\":\"x\",\"stack\":{}}' >debug/pmem_pks/log.json"
	'# a record whose members are null'$'\n'"echo '{\"time\":null,\"count\":null,\"namespace\":null,\"function\":null,\"offset\":null,\"stack\":[null]}' >debug/pmem_pks/log.json"
	'# records that are no JSON'$'\n''printf "x\n\n[1]\n{\nnull\n\033[2J\n{}\n{}\nno newline" >debug/pmem_pks/log.json'
	'# a record of 1 MiB'$'\n''head -c 1048576 /dev/zero | tr "\0" "[" >debug/pmem_pks/log.json'
	'# a function that is odd'$'\n''for f in "" " " " []" "a [" "a []" "[]" "]" "a b c"; do echo "{\"namespace\":\"namespace0.0\",\"function\":\"$f\"}"; done >debug/pmem_pks/log.json'
	'# zero bytes'$'\n''head -c 100 /dev/zero >debug/pmem_pks/log.json; head -c 100 /dev/zero >pmem_pks/namespaces/namespace0.0/key'
	'# odd directories'$'\n''mkdir "pmem_pks/namespaces/a b" "pmem_pks/namespaces/a
b" "pmem_pks/namespaces/$(printf "\033[2J")"'
	'# a name of 255 bytes'$'\n''cp -r pmem_pks/namespaces/namespace0.0 "pmem_pks/namespaces/$(head -c 255 /dev/zero | tr "\0" x)"'
	'# a key that is none'$'\n''echo -1 >pmem_pks/namespaces/namespace0.0/key'
	'# a key that is too large'$'\n''echo 99999999999999999999999 >pmem_pks/namespaces/namespace0.0/key'
	'# a mode that is too long'$'\n''head -c 4096 /dev/zero | tr "\0" a >pmem_pks/fault_mode'
	'# a mode that is empty'$'\n'': >pmem_pks/namespaces/namespace0.0/fault_mode'
	'# files that are directories'$'\n''rm pmem_pks/namespaces/namespace0.0/key; mkdir pmem_pks/namespaces/namespace0.0/key'
	'# a file that is not there'$'\n''rm pmem_pks/stray_writes'
	'# a namespace that is half there'$'\n''rm pmem_pks/namespaces/namespace0.0/key'
	'# no namespaces'$'\n''rm -r pmem_pks/namespaces'
	'# no module'$'\n''rm -r pmem_pks debug'
	'# odd writers'$'\n''printf "\033[2J\n\n+x:y\n" >pmem_pks/unknown_writers'
)
for files in "${hostile[@]}"; do
	for command in list status log "log -j" "monitor -n 0.0" metrics report "report --html -" \
		"enable all" selftest; do
		# shellcheck disable=SC2086 # words
		bears 2 "$files" $command
	done
done
# prints WHAT TEXT: the last one did
prints() {
	if grep -qF -- "$2" "$work/out"; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		head -n 20 "$work/out" | sed 's/^/# /'
	fi
}

unknown='{"time":"2026-11-22T00:42:40.1Z","access":"jump","namespace":"namespace0.0","function":"f","new":1}'
for command in log "log -j" monitor; do
	# shellcheck disable=SC2086 # words
	bears 1 "printf '%s\nno JSON\n' '$unknown' >debug/pmem_pks/log.json" $command
	prints "$command: a record of an unknown kind is passed on" '"jump"'
	prints "$command: with its unknown members" '"new":1'
	prints "$command: and so is what is no JSON" '"text":"no JSON"'
done
# A terminal takes DEL and U+0080 to U+009F for commands
unknown='{"access":"jump","namespace":"namespace0.0","function":"a\u009b2J\u007f\u20ac\ud83d\ude00"}'
for command in log "log -j" "list --lines" monitor "monitor -u"; do
	# shellcheck disable=SC2086 # words
	bears 1 "printf '%s\n\xff\xed\xa0\x80\x9b\n' '$unknown' >debug/pmem_pks/log.json" $command
	prints "$command: what is not ASCII is escaped" 'a\u009b2J\u007f\u20ac\ud83d\ude00"'
done
bears 1 "echo contain >pmem_pks/fault_mode; echo 1 >pmem_pks/namespaces/namespace0.0/aliases" status
prints "what has a mapping without a key is protected in part" "Protected: in part. 1 of 1"
for step in "rm -r pmem_pks/namespaces" "rm pmem_pks/fault_mode" "rm pmem_pks/fail_open"; do
	for state in going coming; do
		bears 1 "$step; mkdir -p /sys/module/pmem_pks; echo $state >/sys/module/pmem_pks/initstate" status
		prints "a module that is $state is not loaded" "Protected: no. The module pmem_pks is not loaded."
	done
done
gone="echo '{\"access\":\"write\",\"namespace\":\"namespace7.0\"}' >debug/pmem_pks/log.json"
bears 1 "$gone" monitor --region=region1
prints "the monitor tells of a namespace that is no more, of whatever region it was" namespace7.0
bears 1 "$gone" monitor --namespace=namespace0.0
same "but not if it has another name than what is meant" "$(<"$work/out")" ""
bears 1 "${gone/7.0/0.0}" monitor --region=region1
same "and not if it is there, in another region" "$(<"$work/out")" ""
bears 16 "rm pmem_pks/namespaces/namespace0.3/key" list --array
prints "a namespace that goes meanwhile is listed as not known" '"protected":false'
bears 16 "rm pmem_pks/namespaces/namespace0.3/key" status
prints "and told of" "namespace0.3: the module does not know it"
bears 17 "echo 1 >pmem_pks/fail_open; echo 2 >pmem_pks/namespaces/namespace0.1/aliases" status
prints "fail-open is told of" "fail-open: 1 time a namespace"
prints "mappings without a key, too" "namespace0.1: 2 further mappings"
prints "and the key that is shared" "key 15: 3 namespaces share it"
bears 256 "for file in pmem_pks/namespaces/*/protect; do echo 0 >\$file; done" status
prints "256 namespaces that are off do not fill the screen" "  - and 241 more"

for name in "$long" ../x "a b" $'a\nb\033' "" -- ; do
	bears 2 "" enable "$name"
	bears 2 "" set-mode "$name" all
	bears 2 "" list -n "$name" -b "$name" -d "$name" -r "$name"
	bears 2 "" list -m "$name"
	bears 2 "" log -n "$name" -s "$name"
	bears 2 "" metrics -o "$name"
	bears 2 "" monitor -l "$name" -n "$name"
	bears 2 "" monitor -c "$name"
	bears 2 "" "$name" "$name"
	bears 2 "" list "--$name"
done
