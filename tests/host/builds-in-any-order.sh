# SPDX-License-Identifier: GPL-2.0
#
# The README's commands build in any order and any number of times, on a tree in
# which things lie about, with nothing but a warm cache, as another user than
# root, and after a run that was killed. What can't be done is said in one line.
#
# On copies of this checkout, with the default kernel's headers, and without booting anything.

. "$(dirname "$0")/../bed/paths.sh"
. "$bed/verdicts.sh"
. "$bed/requires.sh"

series=$default_kernel
requires_kernel "$series"
kernel=$(readlink -e "$cache/kernel/$series")
release=$(<"$kernel/release")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
# Where another user may be, too
cd "$work" || exit

# copy_to FOLDER: what a tarball of this checkout holds
copy_to() {
	mkdir -p "$1"
	(cd "$top" && tar -c --exclude=./.git --exclude=./build --exclude=./tests/results --exclude-vcs-ignores .) |
		tar -x -C "$1"
}

# well WHAT COMMAND...: it succeeds
well() {
	local what=$1 status=0

	shift
	said=$("$@" 2>&1) || status=$?
	if [ $status = 0 ]; then
		echo "ok - $what"
	else
		echo "not ok - $what (exit $status)"
		tail -n 20 <<<"$said" | sed 's/^/# /'
	fi
}

# refused WHAT REGEX COMMAND...: it does not succeed, and says why in one line,
# beside which there may be make's own
refused() {
	local what=$1 regex=$2 status=0 lines

	shift 2
	said=$("$@" 2>&1) || status=$?
	lines=$(grep -cv '^make.*Error [0-9]*$' <<<"$said")
	if [ $status != 0 ] && [ "$lines" = 1 ] && grep -qE "$regex" <<<"$said"; then
		echo "ok - $what"
	else
		echo "not ok - $what (exit $status)"
		tail -n 20 <<<"$said" | sed 's/^/# /'
	fi
}

# As the README has it, for the kernel of the cache
install_build() {
	make -C "$tree" KDIR="$kernel/lib/modules/$release/build" KVER="$release" "$@"
}

# What demo and check build before they boot
bed_build() {
	"$tree/tests/bed/module" "$series" && "$tree/tests/bed/consumers" "$series" &&
		"$tree/tests/bench/build" "$series"
}

unset MAKEFLAGS MAKELEVEL
# Without debugging information, which takes half of the time
export KCFLAGS=-g0
export PMEM_PKS_CACHE=$cache
unset PMEM_PKS_RESULTS

# In any order, twice
tree=$work/tree
copy_to "$tree"
well "demo's and check's build" bed_build
well "then make, as the README has it" install_build
well "then demo's and check's again" bed_build
well "then make again" install_build
same "make leaves the module, and no stray writer" \
	"$(cd "$tree" && find . -name '*.ko' -path './drivers/*')" ./drivers/pmem-pks/pmem_pks.ko
well "the kernel's own modules_install" make -C "$kernel/lib/modules/$release/build" M="$tree" \
	INSTALL_MOD_PATH="$work/installed" CONFIG_MODULE_SIG_ALL= modules_install
same "which installs the module, and no stray writer" \
	"$(cd "$work/installed" && find . -name 'pmem_pks*' -printf '%f\n' | sed 's/\.ko.*/.ko/')" pmem_pks.ko
well "make modules_install" install_build INSTALL_MOD_PATH="$work/installed-2" modules_install
same "which does the same" "$(find "$work/installed-2" -name '*.ko' -printf '%f\n')" pmem_pks.ko

# What a build inside the directories of the samples and tests leaves, of another kernel even
for folder in samples/pks-vault tests/modules tests/bench/modules; do
	for source in "$tree/$folder"/*.c; do
		object=${source%.c}
		for file in "$object".{o,ko,mod,mod.c,mod.o} "${object%/*}/.${object##*/}.o.cmd"; do
			echo "no object" >"$file"
		done
	done
	echo "no object" | tee "$tree/$folder/Module.symvers" >"$tree/$folder/modules.order"
done
mkdir -p "$tree/samples/gone"
echo "no object" >"$tree/samples/gone/gone.o"
rm -rf "$tree/build/$series/consumers" "$tree/build/$series/bench-modules"
well "objects that lie beside the sources are left alone" bed_build
well "make clean" install_build clean
same "leaves no object of the module" "$(find "$tree/drivers" -name '*.o' -o -name '*.ko' -o -name 'offsets.[hs]')" ""

# Killed at any point: what it made has the date of what is whole, and is half of it
well "demo's and check's build, anew" bed_build
module=$tree/build/$series/module
whole=$(md5sum <"$module/drivers/pmem-pks/pmem_pks.ko")
: >"$module.unfinished"
sleep 0.1
for file in "$module/drivers/pmem-pks/"{grant.o,offsets.h,pmem_pks.ko,.main.o.cmd} "$module/modules.order"; do
	truncate -s 100 "$file"
done
well "after one that was killed" bed_build
same "half a file is not taken for a whole one" "$(md5sum <"$module/drivers/pmem-pks/pmem_pks.ko")" "$whole"
(setsid "$tree/tests/bed/module" "$series" V=1 C=2 CHECK="sh -c 'touch $work/begun; sleep 1000'" >/dev/null 2>&1 &
 echo $! >"$work/pid")
for ((i = 0; i < 300; i++)); do
	[ ! -e "$work/begun" ] || break
	sleep 0.1
done
same "a build has begun" "$([ -e "$work/begun" ] && echo yes)" yes
kill -KILL -- "-$(<"$work/pid")"
same "and was killed" "$([ -e "$module.unfinished" ] && echo yes)" yes
well "one after that" bed_build
same "is whole" "$(md5sum <"$module/drivers/pmem-pks/pmem_pks.ko")" "$whole"
rm -rf "$module"
well "one after its directory was removed" bed_build

# No lists, no network: apt knows nothing, and sudo is asked for no more than apt
mkdir "$work/bin"
printf '#!/bin/sh\nexit 100\n' | tee "$work/bin/apt-get" >"$work/bin/apt-cache"
printf '#!/bin/sh\nexec "$@"\n' >"$work/bin/sudo"
chmod 755 "$work/bin/"*
without_network() {
	local PATH=$work/bin:$PATH

	"$@"
}
well "no list of packages and no network: the kernel in the cache is there" \
	without_network "$tree/tests/bed/kernel" "$series"
well "and what is installed" without_network "$tree/tests/bed/packages" build
well "and it is built for" without_network bed_build

# What is downloaded has its name when it is whole, and loses it before it goes
own=$work/cache
mkdir -p "$own/kernel/$series.new/debs" "$own/kernel/${series}_1.2.new/boot"
own_kernel() {
	without_network env PMEM_PKS_CACHE="$own" "$tree/tests/bed/kernel" "$series"
}
refused "half a download is no kernel" "^kernel: there is no linux-image" own_kernel
mkdir -p "$own/kernel/${series}_1/boot"
touch "$own/kernel/${series}_1/boot/vmlinux"
well "a whole one is, which no link leads to yet" own_kernel
same "now one does" "$(readlink "$own/kernel/$series")" "${series}_1"
cat >"$work/bin/apt-cache" <<-APT
	#!/bin/sh
	case \$1 in
	depends) echo " Depends: linux-image-$series.999-amd64" ;;
	show) echo "Version: $series.999-1" ;;
	esac
APT
well "a newer one that can't be had" own_kernel
same "leaves the old one in its place" "$(cd "$own/kernel" && echo "$(readlink "$series")" "$series"*)" \
	"${series}_1 $series ${series}_1 ${series}_1.2.new"

# What can't be done
tree=$work/tree
for name in "a b" a:b a%b a,b; do
	copy_to "$work/$name"
	for target in modules check demo kunit bench; do
		refused "make $target in a directory with a ${name:1:1} in its name" "takes? .*path with.*: $work/$name" \
			make -C "$work/$name" --no-print-directory KDIR="$kernel/lib/modules/$release/build" $target
	done
done
for name in "a'b" 'a$b' 'a"b' "a;b" "a&b" "a(b" "a*b" 'a\b' 'a#b' "a b"; do
	mkdir -p "$work/$name/tests"
	cp -r "$top/tests/bed" "$work/$name/tests/"
	refused "check in one with a ${name:1:1}" "take no path with.*: $work/" "$work/$name/tests/bed/check"
done
refused "a cache with a space" "take no path with.*: $work/a b" env PMEM_PKS_CACHE="$work/a b" "$tree/tests/bed/check"
refused "make without headers" "no headers of the kernel 1.2.3" \
	make -C "$tree" --no-print-directory KVER=1.2.3

[ "$(id -u)" = 0 ] || exit 0
# Another user, to whom the checkout belongs: what his build needs of the cache
mkdir -p "$own/kernel/${series}_2"
cp -a "$kernel/"{usr,lib,release} "$own/kernel/${series}_2/"
sed -i "s|$kernel|$own/kernel/${series}_2|" "$own/kernel/${series}_2/usr/src/linux-headers-$release/Makefile"
ln -sfn "${series}_2" "$own/kernel/$series"
kernel=$own/kernel/${series}_2
user=65534
copy_to "$work/his"
tree=$work/his
chown -R $user:$user "$own" "$tree"
chmod 755 "$own"
as_user() {
	setpriv --reuid=$user --regid=$user --clear-groups env HOME="$work/nohome" PMEM_PKS_CACHE="$own" \
		PATH="/usr/local/bin:/usr/bin:/bin" bash -c '
		series=$1 kernel=$2 release=$3 tree=$4
		eval "$5"
		"${@:6}"' - "$series" "$kernel" "$release" "$tree" "$(declare -f install_build bed_build)" "$@"
}
well "another user than root: demo's and check's build" as_user bed_build
well "make" as_user install_build
well "make modules_install by root" install_build INSTALL_MOD_PATH="$work/installed-3" modules_install
well "and make by the user again" as_user install_build
well "demo's and check's build again" as_user bed_build
printf '#!/bin/sh\necho not-installed\n' >"$work/bin/dpkg-query"
chmod 755 "$work/bin/dpkg-query"
rm "$work/bin/sudo"
command -v sudo >/dev/null ||
	refused "where packages are missing, and only root can install them" \
		"^packages: only root may install .*, and there is no sudo: apt-get install make" \
		as_user env PATH="$work/bin:/usr/bin:/bin" "$tree/tests/bed/packages" build
chown -R 0:0 "$tree/build"
refused "in a directory of root's" "can't write to $tree/build" as_user bed_build
chown -R 0:0 "$tree"
rm -rf "$tree/build"
refused "in a tree that is not his" "can't write to $tree/build" as_user bed_build
