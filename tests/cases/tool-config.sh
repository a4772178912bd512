# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="ndctl-pks config keeps what is set, puts it in force by uuid, and an error changes nothing"
PMEM="256M 256M"

directory=/etc/pmem-pks.conf.d
ours=$directory/50-ndctl-pks.conf

# has CONTENT: our file, with / for the end of a line
has() {
	equal "the file has it" "$(tr '\n' / <$ours)" "$1"
}

now() {
	echo "$(<$pks/fault_mode) $(cat $namespaces/{namespace0.0,dax1.0}/{fault_mode,protect} | xargs)"
}

test() {
	chmod 755 /
	ndctl create-namespace -f -e namespace0.0 -m fsdax >&2
	ndctl create-namespace -f -e namespace1.0 -m devdax >&2
	one=$(ndctl list -n namespace0.0 | jq -r '.[].uuid')
	changes_files
	errors_change_nothing
	as_parameters
	applies
	full_and_read_only
	both_at_once
	without_uuid
}

changes_files() {
	does "no file: the defaults" 0 "" ndctl-pks config
	equal "they are said" "$(head -n 1 /tmp/printed | tr -s ' ')" "mode = relaxed # default"
	does "not set" 1 "" ndctl-pks config mode
	does "nothing to unset" 1 "" ndctl-pks config --unset mode
	does "set" 0 "" ndctl-pks config mode contain
	has "mode = contain/"
	equal "all may read it" "$(stat -c %a $ours)" 644
	chmod 640 $ours
	chown 1234:4321 $ours
	echo "# mine" >>$ours
	does "of a namespace, by name" 0 "" ndctl-pks config -n namespace0.0 mode strict
	has "mode = contain/# mine//[namespace $one]/mode = strict/"
	equal "mode and owner stay" "$(stat -c '%a %u %g' $ours)" "640 1234 4321"
	does "of a namespace, by uuid" 0 "" ndctl-pks config --namespace=$one protect no
	does "get" 0 "" ndctl-pks config -n 0.0 mode
	equal "it is printed" "$(</tmp/printed)" strict
	does "unset" 0 "" ndctl-pks config -n dax1.0 protect yes
	does "unset" 0 "" ndctl-pks config -n dax1.0 --unset protect
	echo "mode = relaxed" >$directory/60-later.conf
	does "a later file" 1 "ndctl-pks: $directory/60-later.conf:1 has the last word: mode = relaxed" ndctl-pks config mode panic
	does "it is shown" 0 "" ndctl-pks config
	equal "with its file and line" "$(head -n 1 /tmp/printed | tr -s ' ')" "mode = relaxed # $directory/60-later.conf:1"
	equal "the namespace, too" "$(grep -c "^\[namespace $one\] # namespace0.0$" /tmp/printed)" 1
	rm $directory/60-later.conf
	ndctl-pks config mode contain
}

errors_change_nothing() {
	local before long

	chmod 644 $ours
	before=$(stat -c '%n %i %y %a' $directory $directory/* | md5sum; cat $ours)
	long=$(head -c 4096 /dev/zero | tr '\0' x)
	does "no such value" 234 "ndctl-pks: mode is relaxed, contain, strict or panic, not nope" ndctl-pks config mode nope
	does "no such value of a namespace" 234 "ndctl-pks: protect of a namespace is yes or no, not all" ndctl-pks config protect all -n 0.0
	does "not for one" 234 "ndctl-pks: pinned is for all namespaces, not for one" ndctl-pks config pinned step -n 0.0
	does "no such key" 234 "ndctl-pks: there is no key ${long:0:160}...: there are mode, protect, pinned, writers" ndctl-pks config "$long" x
	does "no such namespace" 250 "ndctl-pks: ../a?b: no such namespace" ndctl-pks config mode strict -n $'../a\nb'
	does "more than one" 234 "ndctl-pks: all: that is more than one namespace" ndctl-pks config mode strict -n all
	does "a new line in a value" 234 "ndctl-pks: mode is relaxed, contain, strict or panic, not strict?x" ndctl-pks config mode $'strict\nx'
	does "too much" 129 "usage: ndctl-pks config [<key> [<value>]] [<options>]" ndctl-pks config mode a b
	does "a user" 243 "ndctl-pks: cannot write $directory/50-ndctl-pks.conf: Permission denied" \
		/bed/unprivileged ndctl-pks config mode strict
	equal "nothing has changed" "$(stat -c '%n %i %y %a' $directory $directory/* | md5sum; cat $ours)" "$before"
	printf '\n\nmode contain\n' >$directory/10-wrong.conf
	for command in "" "mode" "mode strict" "--unset mode" "--apply" "--parameters"; do
		# shellcheck disable=SC2086 # words
		does "an error in a file: config $command" 234 \
			"ndctl-pks: $directory/10-wrong.conf:3: mode contain is not \"key = value\"" ndctl-pks config $command
	done
	rm $directory/10-wrong.conf
	mkfifo $directory/10-fifo.conf
	does "a FIFO" 234 "ndctl-pks: $directory/10-fifo.conf is no regular file" timeout 5 ndctl-pks config
	rm $directory/10-fifo.conf
	equal "nothing has changed after that" "$(cat $ours)" "${before#*$'\n'}"
	does "no module" 237 "ndctl-pks: the module pmem_pks is not loaded" ndctl-pks config --apply
}

as_parameters() {
	ndctl-pks config writers "vfs_fallocate, pmem-pks-driver:late"
	ndctl-pks config pinned step
	does "parameters" 0 "" ndctl-pks config --parameters
	equal "they are the module's" "$(</tmp/printed)" "fault_mode=contain pinned=step writers=vfs_fallocate,pmem-pks-driver:late"
}

applies() {
	load pinned=step
	does "apply" 0 "" ndctl-pks config --apply
	equal "modes and protection" "$(now)" "contain strict 0 inherit 1"
	equal "writers" "$(sort $pks/writers | grep -xE 'vfs_fallocate|pmem_pks_driver:late' | xargs)" "pmem_pks_driver:late vfs_fallocate"
	does "once more" 0 "" ndctl-pks config --apply
	equal "nothing was refused" "$(logged 'is one already')" 0
	ndctl-pks set-mode relaxed all >&2
	echo relaxed >$pks/fault_mode
	ndctl-pks enable all >&2
	does "apply to one" 0 "" ndctl-pks config --apply -n namespace0.0
	equal "that alone" "$(now)" "relaxed strict 0 relaxed 1"
	does "of none" 250 "ndctl-pks: namespace7.0: the module does not know it" ndctl-pks config --apply -n namespace7.0
	ndctl-pks config pinned deny
	does "what is read at load" 240 "ndctl-pks: pinned stays step until the module is loaded anew" ndctl-pks config --apply
	equal "the rest is applied" "$(now)" "contain strict 0 relaxed 1"
	ndctl-pks config pinned step
	ndctl-pks config protect none
	does "none is protected" 0 "" ndctl-pks config --apply
	equal "but those that are to be" "$(now)" "contain strict 0 relaxed 0"
	ndctl-pks config --unset protect
	mkdir /tmp/user
	echo "mode = panic" >/tmp/user/1.conf
	does "a user" 243 "ndctl-pks: fault_mode stays contain: only root may change it" \
		/bed/unprivileged ndctl-pks config --apply -d /tmp/user
}

full_and_read_only() {
	local before full=/tmp/full

	mkdir -p $full
	mount -t tmpfs -o size=64k none $full
	mkdir $full/d
	cp $ours $full/d/
	before=$(<$full/d/50-ndctl-pks.conf)
	dd if=/dev/zero of=$full/fill bs=4k status=none || true
	does "a full disk" 228 "ndctl-pks: cannot write $full/d/50-ndctl-pks.conf: No space left on device" \
		ndctl-pks config -d $full/d mode panic
	equal "nothing has changed on it" "$(<$full/d/50-ndctl-pks.conf)$(ls -A $full/d)" "${before}50-ndctl-pks.conf"
	mount -o remount,ro $full
	does "a read-only disk" 226 "ndctl-pks: cannot write $full/d/50-ndctl-pks.conf: Read-only file system" \
		ndctl-pks config --directory=$full/d mode panic
	does "no directory there" 226 "ndctl-pks: cannot make $full/e: Read-only file system" \
		ndctl-pks config --directory=$full/e mode panic
	umount $full
}

# Each change of two that go on at the same time is there afterwards
both_at_once() {
	local i

	rm -f $ours
	for i in 1 2 3 4 5 6 7 8; do
		ndctl-pks config -n 0a0a0a0a-0000-4000-8000-00000000010$i mode strict &
		ndctl-pks config -n 0a0a0a0a-0000-4000-8000-00000000020$i protect no &
	done
	wait
	equal "sixteen commands at once lose nothing" "$(grep -cE '^(mode = strict|protect = no)$' $ours)" 16
	rm $ours
}

without_uuid() {
	unload
	ndctl disable-namespace namespace1.0 >&2
	does "disabled: it has its uuid all the same" 0 "" ndctl-pks config -n namespace1.0 protect no
	equal "by that" "$(grep -c '^\[namespace [0-9a-f-]*\]$' $ours)" 1
}
