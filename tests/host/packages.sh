# SPDX-License-Identifier: GPL-2.0
#
# The packages for Debian, as the README says it, word by word, in a fresh Debian: they
# are built, lintian finds nothing, they are installed, DKMS builds and signs the module for each
# kernel, also for one whose headers come later, modules of others can be built with them,
# and nothing is left of them when they are purged.
#
# The fresh Debian has a layer above it in RAM, and no network. What would act on the
# machine's own kernel (modprobe and the like) only looks at what it would do.

. "$(dirname "$0")/../bed/paths.sh"
. "$bed/verdicts.sh"
. "$bed/requires.sh"

# well WHAT COMMAND...: it succeeds
well() {
	local what=$1 status=0

	shift
	said=$("$@" 2>&1 </dev/null) || status=$?
	if [ $status = 0 ]; then
		echo "ok - $what"
	else
		echo "not ok - $what (exit $status)"
		tail -n 30 <<<"$said" | sed 's/^/# /'
	fi
}

# readme_commands HEADING: the commands below it, one a line, up to the next heading
readme_commands() {
	sed -n "/^#.* $1\$/,/^#.* /{/^    /p}" "$top/README.md" |
		sed -e ':more' -e '/\\$/{N;s/ *\\\n */ /;b more' -e '}' -e 's/^ *//'
}

# expected_packages: all, but those for which there is nothing in packaging
expected_packages() {
	{
		sed -n 's/^Package: //p' "$top/packaging/debian/control"
		echo ndctl-pks-dbgsym
	} | sort | while read -r package; do
		case $package in
		pmem-pks-dracut | pmem-pks-initramfs-tools) [ -d "$top/packaging/${package#pmem-pks-}" ] || continue ;;
		esac
		echo "$package"
	done
}

# --- the part that is run in a mount namespace of its own, without a network

# in_debian COMMAND: in the fresh Debian, whose running kernel is the first one
in_debian() {
	chroot "$root" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		HOME=/root DEBIAN_FRONTEND=noninteractive bash -c "cd /root/pmem-pks && $1"
}

# step COMMAND: run the README's next one, which begins so
step() {
	local next=${steps[0]:-nothing}

	if [ "${next#"$1"}" = "$next" ]; then
		echo "not ok - README: the next step is $1"
		echo "# it is: $next"
		exit
	fi
	steps=("${steps[@]:1}")
	well "README: $next" in_debian "$next${2:-}"
}

# has_module SERIES SIGNER: DKMS has built it for that kernel, and signed it
has_module() {
	local release module

	release=$(<"$cache/kernel/$1/release")
	module=/lib/modules/$release/updates/dkms/pmem_pks.ko
	same "$1: the module is for it" "$(in_debian "modinfo -F vermagic $module*" 2>&1 | cut -d' ' -f1)" "$release"
	same "$1: modprobe finds it, and no other module" \
		"$(in_debian "modinfo -k $release -F filename pmem_pks; find /lib/modules/$release/ -name '*.ko*' | wc -l" 2>&1 |
			sed 's/\.ko\..*/.ko/')" "$module"$'\n'1
	same "$1: it is signed" "$(in_debian "modinfo -F signer $module*" 2>&1)" "$2"
	same "$1: its symbols are kept" \
		"$(in_debian "grep -cw pmem_pks_domain_add /var/lib/dkms/pmem-pks/kernel-$release-x86_64/Module.symvers" 2>&1)" 1
}

# files: all, but what apt and dpkg keep their own books in
files() {
	(cd "$root" && find . -xdev \( -path ./proc -o -path ./dev -o -path ./sys -o -path ./debs -o -path ./tmp \
		-o -path ./root -o -path ./var/lib/dpkg -o -path ./var/lib/apt -o -path ./var/cache -o -path ./var/log \) \
		-prune -o -print | sort)
}

in_fresh_debian() {
	local release series package code

	mount -t tmpfs -o size=3G pmem-pks "$work/layer" && mkdir "$work/layer/"{upper,work,root} &&
		mount -t overlay -o "lowerdir=$fresh,upperdir=$work/layer/upper,workdir=$work/layer/work" \
			pmem-pks "$work/layer/root" || skip "no layer can be mounted above a directory here"
	root=$work/layer/root
	mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev" || return
	mkdir -p "$root/root/pmem-pks/build"
	cp -r "$work/tree/build/deb" "$root/root/pmem-pks/build/"

	release=$(<"$cache/kernel/$first/release")
	printf '#!/bin/sh\n[ "$*" = -r ] || exec /bin/uname "$@"\necho %s\n' "$release" >"$root/usr/local/bin/uname"
	printf '#!/bin/sh\nexec /sbin/modprobe --dry-run --set-version %s "$@"\n' "$release" >"$root/usr/local/sbin/modprobe"
	printf '#!/bin/sh\n[ $* = pmem_pks ]\n' >"$root/usr/local/sbin/rmmod"
	printf '#!/bin/sh\n[ $1 = --import ] && exec openssl x509 -inform DER -noout -in "$2"\n' >"$root/usr/local/bin/mokutil"
	chmod 755 "$root"/usr/local/*bin/*

	mapfile -t steps < <(readme_commands 'Install it on a real machine')
	mkdir -p "$root/var/lib/prometheus/node-exporter"
	files >"$work/before"
	steps=("${steps[@]:1}")		# make deb
	step "apt-get install" " --yes"
	has_module "$first" "DKMS module signing key"
	step "modprobe pmem_pks"
	step "ndctl-pks status" "; [ \$? -le 1 ]"
	same "which answers in its first line" "${said%%: *}" Protected
	step "mokutil --import"

	# Another kernel comes, and a key of one's own
	in_debian "openssl req -new -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=a key of my own/' \
		-keyout /root/MOK.priv -outform DER -out /root/MOK.der
		cp /etc/dkms/framework.conf /root/
		printf 'mok_signing_key=/root/MOK.priv\nmok_certificate=/root/MOK.der\n' >>/etc/dkms/framework.conf" >&2 2>&1
	for series in $all_kernels; do
		[ "$series" != "$first" ] && [ -e "$cache/kernel/$series/release" ] || continue
		package=$(kernel_package "$series")
		well "a kernel is added: $series" in_debian "apt-get install --yes ${package/image/headers}"
		has_module "$series" "a key of my own"
		release=$(<"$cache/kernel/$series/release")
	done

	# What an administrator makes with them
	well "units are enabled" systemctl --root="$root" enable \
		pmem-pks ndctl-pks-monitor ndctl-pks-metrics.timer
	well "a mode is kept, and counters are written" in_debian "ndctl-pks config mode contain &&
		ndctl-pks metrics --prometheus --output=/var/lib/prometheus/node-exporter/pmem_pks.prom"

	# Others' modules: the sample, and one that maps a page by the headers of the kernel's name
	well "all other packages are installed" in_debian "apt-get install --yes ./build/deb/*.deb"
	in_debian "cp -r /usr/share/doc/libpmem-pks-dev/examples/pks-vault /root/vault && mkdir /root/mapper" >&2
	cat >"$root/root/mapper/mapper.c" <<-'END'
		#include <linux/highmem.h>
		#include <linux/module.h>
		void mapper(struct page *page, const char *from);
		void mapper(struct page *page, const char *from) { memcpy_to_page(page, 0, from, 8); }
		MODULE_LICENSE("GPL");
	END
	# As the README has it, for the last kernel
	mapfile -t code < <(readme_commands 'Use it from kernel code' | sed "s/\$(uname -r)/$release/g")
	printf 'obj-m += mapper.o\n%s\n' "${code[0]}" >"$root/root/mapper/Kbuild"
	well "the sample is built as the README has it" in_debian "cd /root/vault && ${code[1]}"
	well "so is a module that maps a page" in_debian "cd /root/mapper && ${code[1]}"
	same "whose map grants" "$(nm "$root/root/mapper/mapper.ko" 2>&1 | grep -cw 'U pmem_pks_map')" 1

	# Nothing is left, but what belongs to other packages, to DKMS, and to depmod
	step "rmmod pmem_pks"
	well "all other packages are purged" in_debian \
		"apt-get purge --yes $(expected_packages | grep -vxE 'pmem-pks-dkms|ndctl-pks' | paste -sd ' ')"
	step "apt-get purge" " --yes"
	same "the README has no other step" "${steps[*]}" ""
	in_debian "mv /root/framework.conf /etc/dkms/framework.conf"
	files >"$work/after"
	same "purged, they leave nothing" "$(comm -13 "$work/before" "$work/after" |
		grep -vE '^\./(var/lib/dkms/mok\.(key|pub)|lib/modules/[^/]*/modules\.[^/]*|usr/lib/modules/[^/]*/modules\.[^/]*)$' |
		grep -vxFf <(cat "$root"/var/lib/dpkg/info/*.list | sed 's/^/./; p; s|^\./lib/|./usr/lib/|'))" ""
	same "and nothing else is gone" "$(comm -23 "$work/before" "$work/after")" ""
	enough files "$(wc -l <"$work/after")" 5000
}

if [ "${1:-}" = --in-namespace ]; then
	in_fresh_debian
	exit
fi

# --- the part before that

requires_program dpkg-buildpackage dh dh_dkms lintian debootstrap asciidoctor meson systemctl
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
mkdir "$work/tree" "$work/layer"

(cd "$top" && tar -c --exclude=./.git --exclude=./build --exclude=./tests/results --exclude-vcs-ignores .) |
	tar -x -C "$work/tree"
unset MAKEFLAGS MAKELEVEL
mapfile -t steps < <(readme_commands 'Install it on a real machine')
same "the README begins with make deb" "${steps[0]:-}" "make deb"
well "README: make deb" make -C "$work/tree" deb
same "it names the packages" "$(sed -n 's|^.*/build/deb/\([^_]*\)_.*\.deb$|\1|p' <<<"$said" | sort)" "$(expected_packages)"
same "lintian finds nothing" "$(cd "$work/tree/build/deb" && lintian --allow-root --fail-on error,warning ./*.changes 2>&1)" ""
same "no package has the stray writer, a test or KUnit" \
	"$(for deb in "$work"/tree/build/deb/*.deb; do dpkg-deb -c "$deb"; done | grep -E 'stray|kunit|/tests/')" ""
same "an upgrade does not stop the unit that removes the module" \
	"$(for deb in "$work"/tree/build/deb/*.deb; do
		dpkg-deb --ctrl-tarfile "$deb" | tar -x --to-stdout --wildcards './p*'
	done 2>/dev/null | grep 'deb-systemd-invoke .*pmem-pks\.service')" ""
# What an initial RAM disk has something of has that made anew, when it comes and when it goes
same "these have the initial RAM disk made anew" \
	"$(for deb in "$work"/tree/build/deb/*.deb; do
		dpkg-deb --ctrl-tarfile "$deb" | tar -xO ./triggers 2>/dev/null |
			grep -qx 'activate-noawait update-initramfs' && dpkg-deb -f "$deb" Package
	done | sort | xargs)" "ndctl-pks pmem-pks-dkms pmem-pks-dracut pmem-pks-initramfs-tools"
same "their version is the module's" "$(sed -n '1s/.*(\(.*\)).*/\1/p' "$top/packaging/debian/changelog")" \
	"$(sed -n 's/^MODULE_VERSION("\(.*\)");/\1/p' "$top/drivers/pmem-pks/main.c")"

well "make install" make -C "$work/tree" install DESTDIR="$work/installed" PREFIX=/usr
same "which installs what the packages have, but for the sources of the module" \
	"$(cd "$work/installed" && find . -type f | sed 's/\.1$/.1.gz/' | sort)" \
	"$(for deb in "$work"/tree/build/deb/*.deb; do
		[[ $deb = *-dbgsym_* ]] || dpkg-deb -c "$deb"
	done | awk '/^-/ { print $6 }' | grep -vE '^\./usr/(src|share/doc)/' | sed 's|^\./lib/|./usr/lib/|; s|/vendor-completions/|/site-functions/|' | sort)"

# The running kernel is the one that linux-headers-amd64 is of
for first in $all_kernels; do
	[ "$(kernel_package "$first")" != linux-image-amd64 ] || break
done
requires_kernel "$first"
[ "$(id -u)" = 0 ] || skip "only root can have a fresh Debian in a directory"
unshare --mount --net true 2>/dev/null || skip "no namespace for mounts can be had here"
fresh=$("$bed/chroot") || exit
export work fresh first
unshare --mount --net --propagation private bash "$0" --in-namespace
