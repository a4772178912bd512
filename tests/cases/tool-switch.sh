# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="ndctl-pks enable, disable and set-mode change each namespace that can be, and hide no failure"
QUICK=1
PMEM="256M 256M 128M"

protects() {
	cat $namespaces/{namespace0.0,dax1.0}/protect | xargs
}

modes() {
	cat $namespaces/{namespace0.0,dax1.0}/fault_mode | xargs
}

test() {
	chmod 755 /
	fsdax_namespace
	ndctl create-namespace -f -e namespace1.0 -m devdax >&2
	ndctl disable-namespace namespace2.0 >&2
	does "no module" 237 "ndctl-pks: the module pmem_pks is not loaded" ndctl-pks enable all
	load
	switches
	partly
	modes_are_set
	refused
	as_a_user
	vanishes
}

switches() {
	does "disable one" 0 "disabled 1 namespace" ndctl-pks disable namespace0.0
	equal "it is off, the other is not" "$(protects)" "0 1"
	equal "and is printed" "$(jq -c 'map([.dev, .pks.protected])' /tmp/printed)" '[["namespace0.0",false]]'
	does "disable all" 0 "disabled 2 namespaces" ndctl-pks disable all
	equal "all are off" "$(protects)" "0 0"
	does "enable by other names, twice" 0 "enabled 2 namespaces" ndctl-pks enable 0.0 dax1.0 namespace1.0
	equal "they are on" "$(protects)" "1 1"
	does "of a region" 0 "disabled 1 namespace" ndctl-pks disable all -r region1
	equal "its one is off" "$(protects)" "1 0"
	does "of no region" 0 "enabled 0 namespaces" ndctl-pks enable all --region=region7
	does "enable all" 0 "enabled 2 namespaces" ndctl-pks enable all
}

partly() {
	local name long

	long=$(head -c 4096 /dev/zero | tr '\0' x)
	does "one of three is not there" 250 \
		"ndctl-pks: namespace9.0: no such namespace"$'\n'"disabled 2 namespaces" \
		ndctl-pks disable namespace0.0 namespace9.0 namespace1.0
	equal "the others are off" "$(protects)" "0 0"
	equal "and printed" "$(jq -c 'map(.dev)' /tmp/printed)" '["namespace0.0","namespace1.0"]'
	does "one is disabled" 250 \
		"ndctl-pks: namespace2.0: it is disabled: the kernel has not mapped it"$'\n'"enabled 2 namespaces" \
		ndctl-pks enable namespace2.0 namespace0.0 namespace1.0
	for name in ../namespace0.0 "a b" $'a\nb' "" .. /; do
		does "no such namespace: ${name@Q}" 250 \
			"ndctl-pks: ${name//$'\n'/?}: no such namespace"$'\n'"disabled 0 namespaces" \
			ndctl-pks disable "$name"
	done
	does "no such namespace: 4 KiB" 250 \
		"ndctl-pks: ${long:0:160}...: no such namespace"$'\n'"disabled 0 namespaces" \
		ndctl-pks disable "$long"
	equal "nothing has changed" "$(protects)" "1 1"
}

modes_are_set() {
	does "set-mode of one" 0 "set the mode of 1 namespace" ndctl-pks set-mode strict namespace1.0
	equal "it has it" "$(modes)" "inherit strict"
	does "of all" 0 "set the mode of 2 namespaces" ndctl-pks set-mode contain all
	equal "they have it" "$(modes)" "contain contain"
	does "inherit" 0 "set the mode of 2 namespaces" ndctl-pks set-mode inherit all
	equal "they have none of their own" "$(modes)" "inherit inherit"
	for mode in nope "" "strict strict" $'strict\nx' "$(head -c 5000 /dev/zero | tr '\0' x)"; do
		does "no mode: ${mode:0:10}" 234 \
			"ndctl-pks: namespace1.0: no such mode: there are relaxed, contain, strict, panic, inherit"$'\n'"set the mode of 0 namespaces" \
			ndctl-pks set-mode "$mode" all
	done
	equal "nothing has changed" "$(modes)" "inherit inherit"
}

# By an unknown writer
refused() {
	insmod /bed/pmem_pks_driver.ko disk=/dev/pmem0
	echo "field 5" >/sys/kernel/debug/pmem_pks_driver/run
	does "EBUSY" 240 \
		"ndctl-pks: namespace1.0: there are unknown_writers; --force sets the mode all the same
ndctl-pks: namespace0.0: there are unknown_writers; --force sets the mode all the same
set the mode of 0 namespaces" \
		ndctl-pks set-mode contain all
	does "relaxed is taken" 0 "set the mode of 1 namespace" ndctl-pks set-mode relaxed namespace0.0
	does "--force" 0 "set the mode of 2 namespaces" ndctl-pks set-mode --force contain all
	equal "they have it" "$(modes)" "contain contain"
	rmmod pmem_pks_driver
	unload
	load
}

as_a_user() {
	does "a user" 243 "ndctl-pks: namespace1.0: only root may change it"$'\n'"disabled 0 namespaces" \
		/bed/unprivileged ndctl-pks disable all
	equal "nothing has changed" "$(protects)" "1 1"
}

# A namespace that comes and goes meanwhile: each command says something sensible
vanishes() {
	local i status statuses=""

	(
		for i in 1 2 3 4 5 6 7 8; do
			ndctl disable-namespace namespace0.0
			ndctl enable-namespace namespace0.0
		done
	) >/dev/null 2>&1 &
	while kill -0 $!; do
		ndctl-pks disable all >/tmp/printed 2>/tmp/said && status=0 || status=$?
		jq . /tmp/printed >/dev/null || status=json
		cat /tmp/said >&2
		statuses+=" $status"
		ndctl-pks enable all >/dev/null || true
		ndctl-pks list | jq . >/dev/null || statuses+=" list"
		ndctl-pks metrics >/dev/null || statuses+=" metrics"
		ndctl-pks status >/dev/null || [ $? = 1 ] || statuses+=" status"
	done 2>/dev/null
	say "$statuses"
	matches "while one comes and goes" "$statuses" '^( (0|250|254|237))+$'
	does "afterwards" 0 "enabled 2 namespaces" ndctl-pks enable all
}
