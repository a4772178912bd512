# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="ndctl-pks metrics prints each counter, and replaces its file as a whole or not at all"
QUICK=1
PMEM="256M 256M"

# value METRIC [LABELS]
value() {
	awk -v metric="$1" 'index($0, metric) == 1 { print $NF }' /tmp/metrics
}

test() {
	chmod 755 /
	fsdax_namespace
	ndctl create-namespace -f -e namespace1.0 -m devdax >&2
	ndctl-pks metrics >/tmp/metrics
	equal "no module" "$(value pmem_pks_loaded) $(value pmem_pks_namespace_protected | xargs) $(value pmem_pks_stray)" \
		"0 0 0 "
	configured
	kept_off
	load
	load_stray
	stray_writes "$(mapped_at $(($(range_end namespace0.0) - 7)))" 8 thread 5
	ndctl-pks disable namespace1.0 >&2
	ndctl-pks metrics >/tmp/metrics
	cat /tmp/metrics >&2
	values
	well_formed
	a_file
}

# configured_is WHAT VALUE
configured_is() {
	ndctl-pks metrics >/tmp/metrics
	equal "configured: $1" "$(value pmem_pks_configured)" "$2"
}

# Whether the machine is meant to have the module, loaded or not
configured() {
	mkdir -p /etc/modules-load.d /lib/modules-load.d /etc/pmem-pks.conf.d
	echo '# pmem_pks' >/etc/modules-load.d/comment.conf
	echo pmem_pks >/etc/modules-load.d/backup
	configured_is "neither a comment nor a file of another name counts" 0
	printf 'loop\n pmem-pks\n' >/lib/modules-load.d/pmem.conf
	configured_is "a file for systemd-modules-load names it" 1
	ln -s /dev/null /etc/modules-load.d/pmem.conf
	configured_is "that file is hidden by one in /etc" 0
	mkfifo /etc/modules-load.d/fifo.conf
	: >/etc/pmem-pks.conf.d/50-ndctl-pks.conf
	configured_is "choices that were all undone count for nothing" 0
	echo 'mode = contain' >/etc/pmem-pks.conf.d/10-mode.conf
	configured_is "there are choices that last" 1
	rm /etc/modules-load.d/* /lib/modules-load.d/* /etc/pmem-pks.conf.d/*
	mkdir -p /etc/systemd/system/sysinit.target.wants
	ln -s /lib/systemd/system/pmem-pks.service /etc/systemd/system/sysinit.target.wants/
	configured_is "the unit that loads the module is enabled" 1
	rm -r /etc/systemd
}

# meant WHAT VALUES: for namespace0.0 and namespace1.0
meant() {
	ndctl-pks metrics >/tmp/metrics 2>/tmp/said
	equal "meant to be protected: $1" \
		"$(value 'pmem_pks_namespace_configured{namespace="namespace0.0"') $(
			value 'pmem_pks_namespace_configured{namespace="namespace1.0"')" "$2"
}

# Whether a namespace is meant to be protected, which says nothing of whether it is
kept_off() {
	meant "both, if nothing is set" "1 1"
	ndctl-pks config protect no -n namespace1.0
	meant "not the one that is kept off" "1 0"
	ndctl-pks config protect none
	ndctl-pks config protect yes -n namespace0.0
	meant "none but one" "1 0"
	ndctl-pks config --unset protect -n namespace0.0
	meant "none" "0 0"
	mkdir /run/pmem-pks.conf.d
	echo 'protect = all' >/run/pmem-pks.conf.d/1.conf
	meant "until the next boot all, but for the one" "1 0"
	rm -r /run/pmem-pks.conf.d
	echo wrong >/etc/pmem-pks.conf.d/1.conf
	meant "that is not known of files with an error" " "
	equal "which is said" "$(</tmp/said)" \
		'ndctl-pks: /etc/pmem-pks.conf.d/1.conf:1: wrong is not "key = value"'
	equal "all else is there" "$(value pmem_pks_configured) $(value pmem_pks_namespace_protected | xargs)" "1 0 0"
	rm /etc/pmem-pks.conf.d/*
}

values() {
	local counter uuid

	uuid=$(ndctl list -n namespace0.0 | jq -r '.[0].uuid')
	for counter in stray_writes stray_reads pinned_writes pinned_windows fail_open; do
		equal "$counter" "$(value pmem_pks_${counter}_total)" "$(<$pks/$counter)"
	done
	equal "of a namespace" "$(value "pmem_pks_namespace_stray_writes_total{namespace=\"namespace0.0\",uuid=\"$uuid\"}")" 5
	equal "which is protected" "$(value 'pmem_pks_namespace_protected{namespace="namespace0.0"')" 1
	equal "and the other is not" "$(value 'pmem_pks_namespace_protected{namespace="namespace1.0"')" 0
	equal "the mode" "$(grep -c '^pmem_pks_namespace_mode{.*,mode="relaxed"} 1$' /tmp/metrics)" 2
}

# Each sample is of the family before it, which has a help and a type, once
well_formed() {
	equal "OpenMetrics: form" "$(ill_formed '')" ""
	equal "OpenMetrics: its end" "$(tail -n 1 /tmp/metrics)" "# EOF"
	ndctl-pks metrics --prometheus >/tmp/metrics
	equal "the older format: form" "$(ill_formed _total)" ""
	equal "the older format: its end" "$(grep -c EOF /tmp/metrics || true)" 0
}

ill_formed() {
	awk -v suffix="$1" '
	$2 == "HELP" { help = $3; if (help in seen || !NF) print; seen[help] = 1; next }
	$2 == "TYPE" { family = $3; counter = $4 == "counter"; if (family != help) print; next }
	$0 == "# EOF" { next }
	{
		name = $1
		sub(/[{].*/, "", name)
		if (name != family (counter && suffix == "" ? "_total" : "")) print
		if (counter && family !~ suffix "$") print
		if (!/^[a-z_]+([{]([a-z]+="[^"\\]*",?)+[}])? [0-9]+$/) print
	}' /tmp/metrics
}

# status COMMAND...: how it ends, and what it says
status() {
	"$@" 2>&1 && echo 0 || echo $?
}

a_file() {
	mkdir /tmp/small
	mount -t tmpfs -o size=8k none /tmp/small
	ndctl-pks metrics -o /tmp/small/file
	equal "a file has the same" "$(</tmp/small/file)" "$(ndctl-pks metrics)"
	equal "and is for everybody" "$(stat -c %a /tmp/small/file)" 644
	echo old >/tmp/small/file
	dd if=/dev/zero of=/tmp/small/rest bs=1k count=4 status=none
	equal "a full disk" "$(status ndctl-pks metrics -o /tmp/small/file)" \
		"ndctl-pks: /tmp/small/file: No space left on device"$'\n'228
	equal "leaves the old one" "$(</tmp/small/file)" old
	equal "and nothing else" "$(ls -A /tmp/small)" file$'\n'rest
	rm /tmp/small/rest
	mount -o remount,ro /tmp/small
	equal "a file system that is read-only" "$(status ndctl-pks metrics -o /tmp/small/file)" \
		"ndctl-pks: /tmp/small/file: Read-only file system"$'\n'226
	equal "a user" "$(status /bed/unprivileged ndctl-pks metrics -o /etc/metrics)" \
		"ndctl-pks: /etc/metrics: Permission denied"$'\n'243
	equal "a device" "$(status ndctl-pks metrics -o /dev/null)" \
		"ndctl-pks: /dev/null: it is there, and no regular file"$'\n'239
	check "it is there still" [ -c /dev/null ]
	equal "a pipe's end is not waited for" "$(status ndctl-pks metrics -o $'/none/a\nb')" \
		"ndctl-pks: /none/a?b: No such file or directory"$'\n'254
}

cleanup() {
	umount /tmp/small
}
