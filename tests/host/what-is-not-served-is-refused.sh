# SPDX-License-Identifier: GPL-2.0
#
# A kernel that the module does not serve is refused when it is compiled for it,
# with one error, the line of compat.h that names what is missing: before
# anything else has been compiled, whatever else of the code would not compile
# there. The kernels are Debian's headers with a line changed.

. "$(dirname "$0")/../bed/paths.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# have_headers SERIES: links to its headers in $work/kernel, but for what is changed
have_headers() {
	local kernel

	kernel=$(readlink -f "$cache/kernel/$1")
	release=$(<"$kernel/release")
	mkdir -p "$work/kernel"
	cp -rs "$kernel/usr" "$work/kernel/"
	headers=$work/kernel/usr/src/linux-headers-$release
	common=$work/kernel/usr/src/$(basename "$(readlink -f "$kernel/lib/modules/$release/source")")
	rm "$headers/Makefile"
	echo "include $common/Makefile" >"$headers/Makefile"
	autoconf=$headers/include/generated/autoconf.h
	mm=$common/include/linux/mm.h
	for file in "$autoconf" "$mm"; do
		cp --remove-destination "$(readlink -f "$file")" "$file"
		cp "$file" "$work/$(basename "$file")"
	done
}

# built: what the compiler says to the module on those headers, in $said, and
# what it made, in $objects
built() {
	rm -rf "$work/tree"
	link_sources "$work/tree" "$top" Kbuild Kconfig drivers include
	said=$(make -s -j2 -C "$headers" M="$work/tree" CONFIG_DEBUG_INFO_BTF_MODULES= \
		"${target:-modules}" 2>&1)
	objects=$(find "$work/tree" -name '*.o')
}

# refused WHAT TEXT: it is, in one error
refused() {
	built
	if [ "$(grep -c 'error:' <<<"$said")" = 1 ] && [ -z "$objects" ] &&
	   [[ $(grep 'error:' <<<"$said") = *"compat.h:"*"error: #error \"pmem_pks "*"$2"* ]]; then
		echo "ok - $series: $1 is refused"
	else
		echo "not ok - $series: $1 is refused"
		echo "# ${said//$'\n'/$'\n'# }"
	fi
	cp --remove-destination "$work/autoconf.h" "$autoconf"
	cp --remove-destination "$work/mm.h" "$mm"
}

for series in $kernels; do
	[ -e "$cache/kernel/$series" ] || continue
	have_headers "$series"
	target=drivers/pmem-pks/main.o built
	if [ "${objects##*/}" = main.o ]; then
		echo "ok - $series: the kernel as it is is not refused"
	else
		echo "not ok - $series: the kernel as it is is not refused"
		echo "# ${said//$'\n'/$'\n'# }"
	fi

	# Once is enough for what does not depend on the kernel's version
	options=
	if [ "$series" = "${kernels%% *}" ]; then
		echo '#define CONFIG_PREEMPT_RT 1' >>"$autoconf"
		refused "PREEMPT_RT" "(CONFIG_PREEMPT_RT"
		options="X86_64 MODULES ZONE_DEVICE FS_DAX DYNAMIC_FTRACE_WITH_REGS
			DYNAMIC_FTRACE_WITH_DIRECT_CALLS KPROBES KALLSYMS_ALL UNWINDER_ORC PREEMPT_NOTIFIERS"
	fi
	for option in $options; do
		sed -i "/^#define CONFIG_$option 1$/d" "$autoconf"
		refused "a kernel without $option" "(CONFIG_$option"
	done

	# The counts of 6.15 and later; then both ways, and none
	sed -i 's/put_devmap_managed_/gone_/; $i vm_fault_t vmf_insert_page_mkwrite(void);' "$mm"
	refused "a kernel that counts the references to DAX pages as 6.15 does" "since 6.15"
	sed -i '$i vm_fault_t vmf_insert_page_mkwrite(void);' "$mm"
	refused "one that seems to count them in both ways" "can't tell"
	sed -i 's/put_devmap_managed_/gone_/' "$mm"
	refused "one that seems to count them in no way" "can't tell"
	rm "$mm"
	ln -s /nowhere "$mm"
	refused "one whose headers can't be looked into" "can't tell"
	rm -rf "$work/kernel"
done
