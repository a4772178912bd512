# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="ndctl-pks status answers in its first line, and says what is not protected and why"
QUICK=1
PMEM="1G 256M"

# answers WHAT STATUS FIRST-LINE: the whole of it is in /tmp/status
answers() {
	local status=0

	ndctl-pks status >/tmp/status || status=$?
	cat /tmp/status >&2
	equal "$1" "$status $(head -n 1 /tmp/status)" "$2 $3"
}

# looks REGEX: that is among what is to be looked at
looks() {
	check "and says: $1" grep -qE "^  - $1" /tmp/status
}

test() {
	chmod 755 /
	fsdax_namespace
	fsdax_namespace namespace1.0
	answers "no module" 1 "Protected: no. The module pmem_pks is not loaded."
	load
	load_stray
	answers "relaxed" 0 "Protected: in part. 2 of 2 namespaces let stray writes through."
	equal "there is nothing to look at" "$(grep -c '^To look at' /tmp/status || true)" 0
	ndctl-pks set-mode contain namespace0.0 >&2
	answers "one relaxed" 0 "Protected: in part. 1 of 2 namespaces let stray writes through."
	echo contain >$pks/fault_mode
	answers "contain" 0 "Protected: yes. Stray writes to 2 namespaces are not performed."
	stray_writes "$(mapped_at $(($(range_end namespace0.0) - 7)))" 8 thread 1
	answers "a stray write" 0 "Protected: yes. Stray writes to 2 namespaces are not performed."
	looks 'namespace0\.0: 1 stray write\. The last, at 20[-0-9T:.]*Z by store_mov8\+.*\[pmem_pks_stray\], was dropped'
	ndctl-pks disable namespace1.0 >&2
	answers "one is off" 1 "Protected: no. 1 of 2 namespaces can be written by stray writes."
	looks 'namespace1\.0: its protection is off'
	ndctl-pks enable namespace1.0 >&2
	equal "a user has the same answer" "$(/bed/unprivileged ndctl-pks status | head -n 1)" \
		"Protected: yes. Stray writes to 2 namespaces are not performed."
	/bed/unprivileged ndctl-pks status >/tmp/status
	check "and is told that root sees more" grep -q '^Root sees more' /tmp/status
	an_unknown_writer
	shared_keys
	ndctl disable-namespace all >&2
	answers "no namespace" 0 "Protected: nothing. No namespace of persistent memory is enabled here."
}

an_unknown_writer() {
	insmod /bed/pmem_pks_driver.ko disk=/dev/pmem0
	echo "field 5" >/sys/kernel/debug/pmem_pks_driver/run
	ndctl-pks status >/tmp/status
	rmmod pmem_pks_driver
	looks '\+pmem_pks_driver:driver_field: a function that the module does not know'
}

shared_keys() {
	local i

	ndctl disable-namespace all >&2
	label_nvdimms
	for ((i = 0; i < 18; i++)); do
		ndctl create-namespace -m fsdax -s 48M >&2
	done
	answers "many" 0 "Protected: yes. Stray writes to 18 namespaces are not performed."
	looks 'key 1[45]: [0-9]+ namespaces share it'
	check "and has no long table, but says where one is" grep -q 'list --table' /tmp/status
	check "and fits on a screen" [ "$(wc -l </tmp/status)" -le 40 ]
}
