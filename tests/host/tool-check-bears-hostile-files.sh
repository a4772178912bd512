# SPDX-License-Identifier: GPL-2.0
#
# ndctl-pks check, built with the sanitizers, says of a kernel's files what is missing in
# them, and bears files that no kernel has: it reads nothing beyond their end, and prints
# nothing of them.

. "$(dirname "$0")/../bed/paths.sh"
. "$bed/requires.sh"
. "$bed/verdicts.sh"

requires_program meson ninja zstd perl
requires_kernel "$default_kernel"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
compile_sane_tool "$work/tree" "$top/tools/ndctl-plugin"

# says WHAT STATUS REGEX OPTION...: a check of these files ends so, with such a line
says() {
	local what=$1 wanted=$2 regex=$3 status=0

	shift 3
	"$work/tree/ndctl-pks" check "$@" >"$work/out" 2>"$work/err" || status=$?
	if [ $status != "$wanted" ] || [ -s "$work/err" ] || ! grep -qE "$regex" "$work/out"; then
		echo "not ok - $what (exit $status)"
		cat "$work/err" "$work/out" | head -n 20 | sed 's/^/# /'
	elif LC_ALL=C grep -qP '[^\x20-\x7e\n]' "$work/out"; then
		echo "not ok - $what: it prints nothing but text"
	elif ! grep -qE '^(symbol|option|hook) ' "$work/out"; then
		echo "not ok - $what: it has findings"
	else
		echo "ok - $what"
	fi
}

kernel=$(readlink -f "$cache/kernel/$default_kernel")
release=$(<"$kernel/release")
config=$kernel/boot/config-$release
image=$kernel/boot/vmlinuz-$release
modules=$kernel/lib/modules/$release
says "a kernel as it is" 0 '^Can be protected: yes' --vmlinux "$image" --config "$config" --modules "$modules"
says "without its configuration" 2 '^option +\(all\)' --vmlinux "$image"
says "without its symbols" 2 '^symbol +\(all\)' --config "$config"
gzip -c "$config" >"$work/config.gz"
says "a configuration that is packed" 0 '^option +KPROBES +set' --vmlinux "$image" --config "$work/config.gz"
"$work/tree/ndctl-pks" check --vmlinux "$image" --config "$config" --modules "$modules" --json >"$work/json"
{
	seq -f 'ffffffff81000000 T filler_%g' 2000
	echo "ffffffff81000000 T __put_devmap_managed_folio_refs"
	grep -oE '"text":"found as [^"]*' "$work/json" | sed 's/.* /ffffffff81000000 T /'
	tr -d '\n' <"$work/json" | grep -oE '"name":"[^"]*", *"verdict":"yes", *"text":"found"' |
		sed 's/"name":"\([^"]*\)".*/ffffffff81000000 T \1/; /:/d'
} >"$work/map"
files=(--config "$config" --modules "$modules")
says "a map that has all" 0 '^Can be protected: yes' --system-map "$work/map" "${files[@]}"
sed 's/ vmap$/ vmap.isra.0/' "$work/map" >"$work/less"
says "one in which a hook is a copy" 0 '^hook +vmap +found as vmap.isra.0' --system-map "$work/less" "${files[@]}"
sed '/ vmap$/d' "$work/map" >"$work/less"
says "one that lacks a hook" 1 '^hook +vmap +MISSING' --system-map "$work/less" "${files[@]}"
sed '/CONFIG_KPROBES=/d' "$config" >"$work/less"
says "a configuration that lacks an option" 1 '^option +KPROBES +MISSING' --system-map "$work/map" --config "$work/less"
says "a map that is a stub, and an image" 0 '^Can be protected: yes' \
	--system-map "$kernel/boot/System.map-$release" --vmlinux "$image" "${files[@]}"

# Files that no kernel has, each as a map, an image and a configuration
: >"$work/hostile-empty"
head -c 65536 /dev/urandom >"$work/hostile-binary"
head -c 8388608 /dev/zero | tr '\0' x >"$work/hostile-huge-line"
head -c 8388608 /dev/zero >"$work/hostile-zeros"
printf 'ffffffff81000000 T %s\n' "$(head -c 100000 /dev/zero | tr '\0' n)" >"$work/hostile-long-name"
printf '\033[2J T \033[2J\nCONFIG_\033[2J=y\nCONFIG_=y\n=y\ny\n\n T \n' >"$work/hostile-escapes"
{ printf '\0'; for i in {0..5000}; do printf '0\0001\0002\0003\0004\0005\0006\0007\0008\0009\000'; done; } >"$work/hostile-digits"
head -c 3000000 "$image" >"$work/hostile-cut-image"
{ head -c 600 "$image"; printf '\377%.0s' {1..1000}; } >"$work/hostile-header"
{ head -c 592 "$image" | head -c 584; printf '\377\377\377\377\377\377\377\377'; head -c 2000 /dev/zero; } >"$work/hostile-lengths"
head -c 100000 /dev/urandom | gzip -c | head -c 5000 >"$work/hostile-cut-gzip"
for file in "$work"/hostile-*; do
	for option in --system-map --vmlinux --config; do
		says "${file##*/hostile-} for $option" 2 'could not be told|\(all\)' $option "$file"
	done
done
for place in "$work" /dev/zero /dev/null "$work/none" "$work/"$'a\nb\033'; do
	says "${place@Q} for an image" 2 '^symbol +\(all\)' --vmlinux "$place"
done

# Images with a table that was tampered with: any answer will do, but no fault
unpacked=$work/vmlinux
# place BYTES FILE: where they first are in it; perl's notation
place() {
	perl -0777 -ne "print index(\$_, \"$1\")" "$2"
}
offset=$(place '\x28\xb5\x2f\xfd' "$image")
tail -c +$((offset + 1)) "$image" | zstd -dc >"$unpacked" 2>/dev/null || true
says "an image that is unpacked" 0 '^Can be protected: yes' --vmlinux "$unpacked" "${files[@]}"
tokens=$(place '0\0001\0002\0003\0004\0005\0006\0007\0008\0009\000' "$unpacked")
for back in 0 100 1000 4000 100000 500000 2000000; do
	cp "$unpacked" "$work/tampered"
	head -c 64 /dev/urandom | dd of="$work/tampered" bs=1 seek=$((tokens - back)) conv=notrunc status=none
	status=0
	"$work/tree/ndctl-pks" check --vmlinux "$work/tampered" --config "$config" >"$work/out" 2>&1 || status=$?
	if [ $status -le 2 ] && ! LC_ALL=C grep -qP '[^\x20-\x7e\n]' "$work/out"; then
		echo "ok - an image tampered with, $back before the tokens"
	else
		echo "not ok - an image tampered with, $back before the tokens (exit $status)"
		head -n 20 "$work/out" | sed 's/^/# /'
	fi
done

# Modules that are no ELF files, or whose sections are not in them
module=$(find "$modules" -name 'dm-writecache.ko*')
mkdir "$work/modules"
for bytes in 0 10 64 1000 20000; do
	xz -dc "$module" 2>/dev/null | head -c $bytes >"$work/modules/dm-writecache.ko"
	says "a module that ends after $bytes bytes" 0 '^hook +dm_writecache:writecache_map +not looked for' \
		--system-map "$work/map" --config "$config" --modules "$work/modules"
done
# The table of its symbols, or of their names, is said to be larger than the file
for type in 2 3; do
	# shellcheck disable=SC2016 # perl's
	xz -dc "$module" 2>/dev/null | perl -0777 -pe '
		my ($at, $count) = (unpack("Q<", substr($_, 0x28, 8)), unpack("v", substr($_, 0x3c, 2)));
		for my $i (0 .. $count - 1) {
			my $header = $at + 64 * $i;
			next if unpack("V", substr($_, $header + 4, 4)) != '$type';
			substr($_, $header + 32, 8) = pack("Q<", 1 << 40);
		}' >"$work/modules/dm-writecache.ko"
	says "a module whose sections of type $type are too long" 0 \
		'^hook +dm_writecache:writecache_map +not looked for' \
		--system-map "$work/map" --config "$config" --modules "$work/modules"
done

# What ftrace and livepatch say of the kernel that runs, from files that stand for theirs
unshare --mount true 2>/dev/null || exit 0

# tells WHAT REGEX LINES: a check of a kernel that says LINES of its hooked functions
tells() {
	local what=$1 regex=$2

	printf '%b' "$3" >"$work/enabled"
	# shellcheck disable=SC2016 # of the inner shell
	unshare --mount bash -c '
		mount -t tmpfs none /sys
		mkdir -p /sys/kernel/tracing "/sys/kernel/livepatch/a b/vmlinux/vmap,1"
		cp "$1/enabled" /sys/kernel/tracing/enabled_functions
		awk "{ print \$3 }" "$1/map" >/sys/kernel/tracing/available_filter_functions
		mount --bind "$1/map" /proc/kallsyms
		exec "$1/tree/ndctl-pks" check' bash "$work" >"$work/out" 2>"$work/err" || true
	if [ -s "$work/err" ] || ! grep -qE "$regex" "$work/out" ||
	   LC_ALL=C grep -qP '[^\x20-\x7e\n]|ffffffff' "$work/out"; then
		echo "not ok - $what"
		grep -v ' found$' "$work/out" | cat "$work/err" - | head -n 30 | sed 's/^/# /'
	else
		echo "ok - $what"
	fi
}

address=0xffffffffc0123000
tells "a live patch" '^conflict +vmap +HELD by the live patch a b$' ""
tells "a module diverts a function" '^conflict +dax_zero_range +HELD by the module m \(f\)$' \
	"dax_zero_range (1) R I   \ttramp: $address (f+0x0/0x10 [m]) ->ftrace_regs_call+0x0/0x70\n"
tells "a module is called directly" '^conflict +dax_zero_range +HELD by the module m \(t\)$' \
	"dax_zero_range (1)    D \ttramp: $address (call_direct_funcs+0x0/0x10)\n\tdirect-->t+0x0/0x10 [m]\n"
tells "a BPF program" '^conflict +dax_zero_range +HELD by a BPF program$' \
	"dax_zero_range (1)    D   \n\tdirect-->bpf_trampoline_6442498624+0x0/0x63\n"
tells "code without a name" '^conflict +dax_zero_range +HELD by code that has no name$' \
	"dax_zero_range (1)    D   \n\tdirect-->$address\n"
tells "a kprobe" '^conflict +dax_zero_range +HELD by a kprobe with a post_handler$' \
	"dax_zero_range (1) R I   \ttramp: $address (kprobe_ftrace_handler+0x0/0x1d0)\n"
tells "the function tracer is no holder" '^conflict +vmap +HELD by' \
	"dax_zero_range (1)   \ttramp: $address (function_trace_call+0x0/0x1)\nvmap_pfn (2)  ->ftrace_ops_list_func+0x0\n"
if grep -qE '^conflict +(dax_zero_range|vmap_pfn)' "$work/out"; then
	echo "not ok - and is not told of"
else
	echo "ok - and is not told of"
fi
for line in '(' ' (' 'dax_zero_range (' 'dax_zero_range (1) I (' 'dax_zero_range (1) D\n\tdirect-->' \
	    'dax_zero_range (1) I\t(\033[2J [\033[2J])\n' '\0\0 (1) I' "dax_zero_range [$(head -c 99999 /dev/zero | tr '\0' x)] (1) I\n" \
	    "$(head -c 99999 /dev/zero | tr '\0' y) (1) D\n" 'dax_zero_range (1) D\ndax_zero_range (1) D\n'; do
	tells "hostile: ${line:0:40}" '^conflict +vmap +HELD by the live patch' "$line"
done
