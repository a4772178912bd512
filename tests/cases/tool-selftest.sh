# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="ndctl-pks selftest says of each namespace whether protection works, and hides no failure"
PMEM="256M 256M 128M"

test() {
	chmod 755 /
	fsdax_namespace
	ndctl create-namespace -f -e namespace1.0 -m devdax >&2
	ndctl disable-namespace namespace2.0 >&2
	does "no module" 1 "ndctl-pks: the module pmem_pks is not loaded" ndctl-pks selftest
	load
	does "all are tried without a name" 0 "" ndctl-pks selftest
	equal "each works" "$(grep -v '^  ' /tmp/printed | sort | xargs)" \
		"namespace0.0: protection works namespace1.0: protection works"
	equal "and what was tried is said" "$(grep -c '^  .*: caught, reported, let through, ' /tmp/printed)" 8
	does "JSON" 0 "" ndctl-pks selftest --json all
	equal "says the same" "$(jq -c 'map([.dev, .works, (.steps | length)]) | sort' /tmp/printed)" \
		'[["namespace0.0",true,5],["namespace1.0",true,5]]'
	does "of a region" 0 "" ndctl-pks selftest -r region1
	equal "it is one" "$(grep -c '^namespace1.0: ' /tmp/printed)" 1
	does "of none" 0 "" ndctl-pks selftest -r region9
	equal "that is said" "$(</tmp/printed)" "There is no namespace to try."
	fails
	no_false_alarm "nothing of it is counted"
}

fails() {
	does "one that is not there" 2 "ndctl-pks: namespace9.0: no such namespace" \
		ndctl-pks selftest namespace9.0 1.0
	equal "the other is tried" "$(grep -c 'namespace1.0: protection works' /tmp/printed)" 1
	does "one that is disabled" 2 "ndctl-pks: namespace2.0: it is disabled: the kernel has not mapped it" \
		ndctl-pks selftest namespace2.0
	echo dax1.0 >/sys/bus/dax/drivers/device_dax/unbind
	does "one whose DAX device has no driver" 2 \
		"ndctl-pks: namespace1.0: its DAX device has no driver: the kernel has not mapped it" \
		ndctl-pks selftest namespace1.0
	echo dax1.0 >/sys/bus/dax/drivers/device_dax/bind
	does "a user" 2 "ndctl-pks: namespace0.0: only root may try it" \
		/bed/unprivileged ndctl-pks selftest namespace0.0
	does "a wrong option" 129 "ndctl-pks: -x: no such option, or not with such an argument
usage: ndctl-pks selftest [<namespace>..] [<options>]" ndctl-pks selftest -x
	ndctl-pks disable namespace0.0 >/dev/null 2>&1
	does "protection that is off" 1 "ndctl-pks: namespace9.0: no such namespace" \
		ndctl-pks selftest all namespace9.0
	equal "is the failure that counts" "$(grep -A1 '^namespace0.0' /tmp/printed)" \
		"namespace0.0: PROTECTION DOES NOT WORK"$'\n'"  protection: off"
	equal "and does not hide the other" "$(grep -c '^namespace1.0: protection works' /tmp/printed)" 1
	kept_off
}

# namespace0.0 is off
kept_off() {
	ndctl-pks config protect no -n namespace0.0
	does "off on purpose" 0 "ndctl-pks: namespace0.0: it is off, as ndctl-pks config has it" ndctl-pks selftest
	equal "the other is tried" "$(grep -v '^  ' /tmp/printed)" "namespace1.0: protection works"
	does "by name it is tried" 1 "" ndctl-pks selftest namespace0.0
	ndctl-pks config protect yes -n namespace0.0
	does "off, and not on purpose" 1 "" ndctl-pks selftest
	echo wrong >/etc/pmem-pks.conf.d/60.conf
	does "nothing is taken from files with an error" 1 \
		'ndctl-pks: /etc/pmem-pks.conf.d/60.conf:1: wrong is not "key = value"' ndctl-pks selftest
	rm /etc/pmem-pks.conf.d/*
}
