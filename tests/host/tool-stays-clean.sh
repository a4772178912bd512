# SPDX-License-Identifier: GPL-2.0
#
# Neither valgrind nor the sanitizers have anything to say of any command of ndctl-pks, and
# clang-tidy nothing of its source.

. "$(dirname "$0")/../bed/paths.sh"
. "$bed/requires.sh"
. "$bed/verdicts.sh"

requires_program meson ninja valgrind clang-tidy unshare
unshare --mount true 2>/dev/null || skip "only root may have a /sys of its own here"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
source=$top/tools/ndctl-plugin

compile_tool "$work/plain" "$source"
compile_sane_tool "$work/sane" "$source"

# lines COMMAND: how it is called, one a line
lines() {
	case $1 in
	list) printf '%s\n' "list -RDBNiuX" "list --table" "list -n 0.1 -m fsdax --lines" ;;
	enable | disable) printf '%s\n' "$1 all" "$1 0.0 none 0.1" ;;
	set-mode) printf '%s\n' "set-mode contain all" "set-mode --force panic 0.0 none" ;;
	selftest) printf '%s\n' "selftest" "selftest --json 0.1 none" ;;
	check) printf "%s\n" "check" "check --json" "check --kernel none" ;;
	report) printf "%s\n" "report" "report --html -" ;;
	config) printf "%s\n" "config" "config mode" "config --apply" ;;
	log) printf '%s\n' "log" "log -j --since=1h -n 0.1" ;;
	monitor) printf '%s\n' "monitor -u -n 0.1" "monitor -l $work/log -c $work/conf" ;;
	metrics) printf '%s\n' "metrics" "metrics -p -o $work/metrics" ;;
	*) echo "$1" ;;
	esac
}
printf '[monitor]\nregion = region0\nbus = all\n' >"$work/conf"

# clean WRAPPER-AND-PROGRAM LINE: it ends, and nothing is said of it. There are two
# namespaces, and records of them and of what is unknown. Each command has to end by itself,
# but for the monitor, which is told to.
clean() {
	local status=0

	env --block-signal=TERM "$bed/fake-sys" 2 bash -c '
		for name in namespace0.0 namespace0.1; do
			echo "{\"time\":\"2026-11-22T00:42:40.1Z\",\"first\":\"2026-11-22T00:42:40.1Z\",\"count\":1,\"namespace\":\"$name\",\"offset\":4096,\"access\":\"write\",\"function\":\"f+0x1/0x2 [m]\",\"stack\":[\"f\"]}"
		done >/sys/kernel/debug/pmem_pks/log.json
		echo unknown >>/sys/kernel/debug/pmem_pks/log.json
		[[ $0 != monitor* ]] || kill $$
		exec "$@" $0' "$2" $1 >"$work/out" 2>"$work/err" </dev/null || status=$?
	case $status in
	99 | 126 | 127 | 134 | 139) return 1 ;;
	esac
	! grep -qE 'Sanitizer|runtime error' "$work/err"
}

valgrind="valgrind --quiet --leak-check=full --show-leak-kinds=all --error-exitcode=99"
count=0
for command in $("$work/plain/ndctl-pks" --list-cmds); do
	while read -r line; do
		for way in "$valgrind $work/plain/ndctl-pks" "$work/sane/ndctl-pks"; do
			count=$((count + 1))
			if clean "$way" "$line"; then
				echo "ok - ${way%% *}: $line" | sed "s|$work/||g"
			else
				echo "not ok - ${way%% *}: $line" | sed "s|$work/||g"
				tail -n 20 "$work/err" | sed 's/^/# /'
			fi
		done
	done < <(lines "$command")
done
enough runs $count 20

# What is wrong is seen
for fault in 'char *lost = strdup(raw); memset(lost, 0, 1);' 'char *early = malloc(1); free(early); *early = 1;'; do
	mkdir -p "$work/bad/tools" "$work/bad/drivers/pmem-pks"
	rm -rf "$work/bad/tools/ndctl-plugin" "$work/bad-plain" "$work/bad-sane"
	cp -r "$source" "$work/bad/tools/"
	cp "$top/drivers/pmem-pks/"{main.c,symbols.c,names.h,compat.h,compat.mk} "$work/bad/drivers/pmem-pks/"
	sed -i "s|^#include \"text.h\"|#include <stdlib.h>\\n#include <string.h>\\n&|; s|^\tunsigned int i;|&\\n$fault|" \
		"$work/bad/tools/ndctl-plugin/text.c"
	compile_tool "$work/bad-plain" "$work/bad/tools/ndctl-plugin"
	compile_sane_tool "$work/bad-sane" "$work/bad/tools/ndctl-plugin"
	for way in "$valgrind $work/bad-plain/ndctl-pks" "$work/bad-sane/ndctl-pks"; do
		if clean "$way" "status --none"; then
			echo "not ok - ${way%% *} finds what there is to find"
		else
			echo "ok - ${way%% *} finds what there is to find" | sed "s|$work/||g"
		fi
	done
done

complaints() {
	clang-tidy --quiet --config-file="$source/.clang-tidy" -p "$work/plain" "$1" 2>/dev/null
}
find "$source" -maxdepth 1 -name '*.c' | sort | silent complaints 10
echo 'int f(int *p) { return p ? 0 : *p; }' | finds clang-tidy complaints .c
