# SPDX-License-Identifier: GPL-2.0
#
# What a fleet of machines is watched with: systemd and Debian's promtool have nothing to
# say of the units and of the rules, each alert fires when it is to and ends, what the unit
# runs writes a file that Prometheus takes, and the dashboard has what Grafana needs.

. "$(dirname "$0")/../bed/paths.sh"
. "$bed/verdicts.sh"
. "$bed/requires.sh"

requires_program systemd-analyze jq
requires_prometheus
unshare --mount true 2>/dev/null || skip "only root may have a /sys of its own here"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
promtool=$prometheus/usr/bin/promtool
tool=$build/tools/ndctl-pks

# said COMMAND...: what it says, on either output, and how it ends if that is not well
said() {
	"$@" 2>&1 || echo "exit $?"
}

# verified DIRECTORY: what systemd says of the units in it, on a machine that has the command
verified() {
	rm -rf "$work/root"
	mkdir -p "$work/root/usr/bin" "$work/root/usr/lib/systemd/system"
	cp "$tool" "$work/root/usr/bin/"
	cp /lib/systemd/system/*.target "$1"/*.{service,timer} "$work/root/usr/lib/systemd/system/"
	said systemd-analyze verify --root="$work/root" --man=no ndctl-pks-metrics.{service,timer}
}

units=$top/packaging/systemd
same "systemd has nothing to say of the units" "$(verified "$units")" ""
# In tenths: 10 is a service without any right, 96 one with all of them
same "the service has next to no rights" \
	"$(said systemd-analyze security --offline=true --no-pager --root="$work/root" --threshold=15 \
		ndctl-pks-metrics.service | grep '^exit')" ""
mkdir "$work/bad"
for fault in 's/^ProtectSystem=.*/ProtectSystem=perhaps/ service' 's/^OnCalendar=.*/OnCalendar=often/ timer' \
	's/^ExecStart=/&x/ service'; do
	cp "$units"/* "$work/bad/"
	sed -i "${fault% *}" "$work/bad/ndctl-pks-metrics.${fault##* }"
	same "a fault is seen: ${fault% *}" "$([ -z "$(verified "$work/bad")" ] || echo seen)" seen
done

# systemd lets a oneshot take as long as it likes, and the boot waits for it
for unit in "$units"/*.service; do
	same "${unit##*/} ends, whatever hangs" "$(grep -c '^TimeoutStartSec=[1-9]' "$unit")" 1
done

for unit in pmem-pks pmem-pks-selftest; do
	same "$unit stays off where nopmem_pks says so, and while a dump is made" \
		"$(grep '^Condition' "$units/$unit.service" | sort | xargs)" \
		"ConditionKernelCommandLine=!nopmem_pks ConditionPathExists=!/proc/vmcore"
done

# runs_unit NAMESPACES: run what the service runs, with that many, and print the file
runs_unit() {
	# shellcheck disable=SC2016 # for the shell in there
	PATH=$build/tools:$PATH "$bed/fake-sys" "$1" bash -c '
		mount -t tmpfs none /var/lib
		mkdir -p /var/lib/prometheus/node-exporter
		eval "$(sed -n "s|^ExecStart=||p" "$1")" && cat /var/lib/prometheus/node-exporter/pmem_pks.prom' \
		bash "$units/ndctl-pks-metrics.service"
}

runs_unit 2 >"$work/metrics"
enough "lines of what it writes" "$(grep -c '^pmem_pks' "$work/metrics")" 20
same "promtool has nothing to say of it" "$(said "$promtool" check metrics <"$work/metrics")" ""
same "of a counter that is called as no counter is, it has" \
	"$([ -z "$(sed 's/_total / /' "$work/metrics" | said "$promtool" check metrics)" ] || echo seen)" seen

rules=$top/packaging/prometheus
same "promtool has nothing to say of the rules" \
	"$(said "$promtool" check rules --lint=all --lint-fatal "$rules/pmem-pks.rules.yml" | grep -vE '^$|^Checking |SUCCESS: [1-9]')" ""
same "each alert fires when it is to, and ends" \
	"$(said "$promtool" test rules "$rules/pmem-pks.test.yml" | grep -vE '^$|^Unit Testing: |^  SUCCESS$')" ""
alerts=$(sed -n 's/^ *- alert: //p' "$rules/pmem-pks.rules.yml")
enough alerts "$(wc -w <<<"$alerts")" 6
for alert in $alerts; do
	# Without it, promtool finds one missing
	sed "s/alert: $alert$/alert: Another/" "$rules/pmem-pks.rules.yml" >"$work/pmem-pks.rules.yml"
	cp "$rules/pmem-pks.test.yml" "$work/"
	same "$alert is tried" "$([[ $(said "$promtool" test rules "$work/pmem-pks.test.yml") != *FAILED* ]] || echo tried)" tried
	for part in summary description runbook_url severity; do
		same "$alert has a $part" \
			"$(sed -n "/alert: $alert$/,/^\$/p" "$rules/pmem-pks.rules.yml" | grep -c "^ *$part: .")" 1
	done
done

# headings FILE: as what comes behind "#" in a link to it
headings() {
	if [[ $1 = *.rst ]]; then
		grep -B1 -E '^([=~-])\1{3,}$' "$1" | grep -vE '^([=~-])\1*$'
	else
		sed -n 's/^##* //p' "$1"
	fi | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9_ -]//g; s/ /-/g'
}

urls=$(sed -n 's/^ *runbook_url: //p' "$rules/pmem-pks.rules.yml")
for url in $urls; do
	same "there is $url" "$(headings "$top/${url%#*}" | grep -cxF -- "${url#*#}")" 1
done

# The command of fleet.md that adds the rules, with Debian's own configuration
cp "$prometheus/etc/prometheus/prometheus.yml" "$rules/pmem-pks.rules.yml" "$work/"
command=$(sed -n 's/^    \(sed .*rule_files.*\) && .*/\1/p' "$top/Documentation/fleet.md")
eval "${command/\/etc\/prometheus/$work}"
same "as fleet.md adds the rules, Prometheus has them" \
	"$(said "$promtool" check config "$work/prometheus.yml" | grep -c 'SUCCESS: 6 rules found')" 1

dashboard=$top/packaging/grafana/pmem-pks.json

# lacks FILE: what Grafana would miss, a line each
lacks() {
	said jq -r '
	def miss($what): if . then empty else $what end;
	(.title and .uid and (.schemaVersion | type == "number") and .time.from and .time.to |
		miss("the dashboard: title, uid, schemaVersion or time")),
	([.templating.list[] | select(.type == "datasource" and .query == "prometheus") | .name] == ["datasource"] |
		miss("a variable for the datasource")),
	(.panels | map(.id) | length == (unique | length) and length > 0 | miss("a panel with an id of its own")),
	(.panels[] |
		(.title as $title |
		(.type and $title and .description and .fieldConfig.defaults and .options |
			miss("\($title): type, title, description, fieldConfig or options")),
		(.gridPos | [.x, .y, .w, .h] | all(type == "number") and .[0] + .[2] <= 24 |
			miss("\($title): a place of 24 columns")),
		(.datasource == {type: "prometheus", uid: "${datasource}"} and
			([.targets[].datasource] | unique) == [.datasource] | miss("\($title): the datasource")),
		(.targets | length > 0 and all(.expr != "" and .refId != null) and
			(map(.refId) | length == (unique | length)) | miss("\($title): queries"))))' "$1"
}

# metrics_of: the names of metrics in queries on stdin, of those that are ours
metrics_of() {
	grep -oE '\bpmem_pks_[a-z_]+' | sort -u
}

# unknown: the names on stdin that the command does not print
unknown() {
	grep -vxF -f <(sed -n 's/^\(pmem_pks_[a-z_]*\).*/\1/p' "$work/metrics")
}

same "the dashboard has what Grafana needs" "$(lacks "$dashboard")" ""
for fault in 'del(.panels[3].title)' '.panels[1].id = .panels[0].id' 'del(.templating)' \
	'.panels[0].targets[0].datasource.uid = "mine"' '.panels[6].targets[1].refId = "A"' '.panels[2].gridPos.x = 23'; do
	jq "$fault" "$dashboard" >"$work/dashboard"
	same "what is not there is seen: $fault" "$([ -z "$(lacks "$work/dashboard")" ] || echo seen)" seen
done
jq -r '.. | .expr? // empty, .definition? // empty' "$dashboard" >"$work/queries"
enough queries "$(wc -l <"$work/queries")" 15
same "it asks for metrics that there are" "$(metrics_of <"$work/queries" | unknown)" ""
same "so do the rules" "$(grep -v '^ *[a-z_]*:' "$rules/pmem-pks.rules.yml" | metrics_of | unknown)" ""
same "another one is seen" "$(echo 'rate(pmem_pks_strays_total[1m])' | metrics_of | unknown)" pmem_pks_strays_total
