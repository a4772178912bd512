# SPDX-License-Identifier: GPL-2.0
#
# A stray write in a guest becomes a firing alert in Alertmanager, and the alert ends:
# what "ndctl-pks metrics" writes in the guest goes, while it runs, to Debian's own
# node_exporter, Prometheus and Alertmanager on loopback, with the rules that are shipped.
# Only the hour after which the alert ends is made 20 seconds.

. "$(dirname "$0")/../bed/paths.sh"
. "$bed/verdicts.sh"
. "$bed/requires.sh"

requires_program jq
requires_guest
requires_prometheus
unshare --mount true 2>/dev/null || skip "only root may have a /usr/share of its own here"

scratch_folder "$results/fleet-alert"
work=$scratch
jobs=()
trap '[ -z "${jobs[*]}" ] || kill "${jobs[@]}" 2>/dev/null; wait; rm -rf "$work"' EXIT
mkdir -p "$work"/{guest/bed,guest/bin,metrics,data,alerts}

# The guest prints its metrics again and again, and does what it is ordered to by the
# fourth serial port
cat >"$work/guest/bed/run" <<'END'
exec 3>&1 >&2
bed=/bed NAMESPACE=namespace0.0 here=
for words in checks pmem module; do
	. $bed/$words
done
fsdax_namespace
load
load_stray
address=$(mapped_at "$(range_start namespace0.0)")
stty -F /dev/ttyS3 raw
exec 4</dev/ttyS3
while [ "${order:-}" != end ]; do
	order=
	ndctl-pks metrics --prometheus --output=/tmp/metrics
	printf '%s\n' '# begin' "$(</tmp/metrics)" '# end' >&3
	read -r -t 1 order <&4
	[ "$order" != stray ] || stray_writes "$address" 8 thread 3
done
END

# boot_guest: in the background; its metrics go to a file, which is always a whole one
boot_guest() {
	cp "$bed/guest/init" "$work/guest/"
	cp "$bed/guest/"{checks,pmem,module} "$build/$series/module/drivers/pmem-pks/pmem_pks.ko" \
		"$build/$series/consumers/tests/modules/"*.ko "$work/guest/bed/"
	cp "$build/tools/ndctl-pks" "$work/guest/bin/"
	mkfifo "$work/orders.in" "$work/orders.out"
	: >"$work/said"
	PMEM=256M TIMEOUT=240 QEMU_ARGS="-chardev pipe,id=orders,path=$work/orders -serial chardev:orders" \
		"$bed/boot" "$series" "$work" &
	guest=$!
	tail -f --pid="$guest" "$work/said" 2>/dev/null | tr -d '\r' | awk -v file="$work/metrics/pmem_pks.prom" '
		/^# begin/ { printf "" >(file ".new"); next }
		/^# end/ { close(file ".new"); system("mv " file ".new " file); next }
		{ print >(file ".new") }' &
	jobs+=("$guest" $!)
}

# starts NAME COMMAND...: a daemon, in the background. Sets $address to where it listens.
starts() {
	local name=$1 round

	"${@:2}" >"$work/$name.log" 2>&1 &
	jobs+=($!)
	for ((round = 0; round < 300; round++)); do
		address=$(sed -n 's/.*Listening on.*address=\(127[0-9.:]*\).*/\1/p' "$work/$name.log")
		[ -z "$address" ] || break
		sleep 0.2
	done
	same "$name listens" "${address:+yes}" yes
}

watch_it() {
	local exporter alertmanager

	starts node_exporter "$prometheus/usr/bin/prometheus-node-exporter" --collector.disable-defaults \
		--collector.textfile --collector.time --collector.textfile.directory="$work/metrics" \
		--web.listen-address=127.0.0.1:0
	exporter=$address
	printf '%s\n' 'route: {receiver: nobody, group_wait: 0s}' 'receivers: [{name: nobody}]' >"$work/alertmanager.yml"
	# Debian's reads its templates from there, and it is not installed
	# shellcheck disable=SC2016 # for the shell in there
	starts alertmanager unshare --mount bash -c 'mount --bind "$1" /usr/share && exec "${@:2}"' \
		bash "$prometheus/usr/share" "$prometheus/usr/bin/prometheus-alertmanager" --config.file="$work/alertmanager.yml" \
		--storage.path="$work/alerts" --cluster.listen-address= --web.listen-address=127.0.0.1:0
	alertmanager=$address
	cat >"$work/prometheus.yml" <<-END
	global: {scrape_interval: 1s, evaluation_interval: 1s}
	rule_files: [pmem-pks.rules.yml]
	scrape_configs: [{job_name: node, static_configs: [{targets: ["$exporter"]}]}]
	alerting: {alertmanagers: [{static_configs: [{targets: ["$alertmanager"]}]}]}
	END
	sed 's/\[1h\]/[20s]/g; s/offset 1h/offset 20s/g' "$top/packaging/prometheus/pmem-pks.rules.yml" \
		>"$work/pmem-pks.rules.yml"
	starts prometheus "$prometheus/usr/bin/prometheus" --config.file="$work/prometheus.yml" \
		--storage.tsdb.path="$work/data" --web.listen-address=127.0.0.1:0
	alertmanager=http://$alertmanager
	server=http://$address
	amtool=("$prometheus/usr/bin/amtool" --alertmanager.url="$alertmanager")
}

# value QUERY: of Prometheus
value() {
	"$prometheus/usr/bin/promtool" query instant "$server" "$1" 2>/dev/null |
		sed 's/.* => \([^ ]*\) .*/\1/' | xargs
}

# alerts: those that Alertmanager has, by name and namespace
alerts() {
	"${amtool[@]}" alert query -o json | jq -r '.[] | .labels | "\(.alertname) \(.namespace)"' | xargs
}

# becomes WHAT WANT COMMAND...: what it prints, within the time that the guest may last
becomes() {
	local have round

	for ((round = 0; round < 200; round++)); do
		have=$("${@:3}")
		[ "$have" != "$2" ] && kill -0 "$guest" 2>/dev/null || break
		sleep 0.5
	done
	same "$1" "$have" "$2"
}

counter=pmem_pks_namespace_stray_writes_total
boot_guest
watch_it
becomes "Prometheus has the guest's counter" 0 value "$counter"
becomes "and has had it for as long as the alert looks back" 1 value "count(count_over_time(${counter}[20s]) > 15)"
same "there is no alert" "$(alerts)" ""
echo stray >"$work/orders.in"
becomes "a stray write: the counter counts" 3 value "$counter"
becomes "the alert fires" "PmemPksStrayWrite namespace0.0" alerts
description=$("${amtool[@]}" alert query -o json | jq -r '.[0].annotations.description' | tr '\n' ' ')
same "it says what to do" "$(grep -c 'ndctl-pks log -n namespace0.0' <<<"$description")" 1
becomes "it ends when no more come" "" alerts
same "the counter is what it was" "$(value "$counter")" 3
echo end >"$work/orders.in"
wait "$guest"
same "the guest ends by itself" $? 0
