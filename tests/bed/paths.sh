# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034 # used by the scripts that source this file
#
# Where the test bed keeps what it makes, and how it is made so that a run which
# is interrupted at any point leaves nothing that the next one takes for whole.
# Sourced by the scripts of this directory. The cache holds what comes from Debian
# (kernels, headers, checkpatch) and serves every checkout; $build holds what is made from this
# checkout and $results what the last run of each test left.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bed=$top/tests/bed
home=${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}
cache=${PMEM_PKS_CACHE:-${XDG_CACHE_HOME:-$home/.cache}/pmem-pks}
build=$top/build
results=${PMEM_PKS_RESULTS:-$top/tests/results}

# Where a user other than root has no such directories
PATH=$PATH:/usr/sbin:/sbin

# die REASON: in one line
die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# The kernel's build splits names at spaces and colons, QEMU at commas, and the
# others mean something to a shell or to make
unfit=$'[][[:space:]:,%#$&;|<>()*?!\\\\"\'`]'
for place in "$top" "$cache" "$results"; do
	# shellcheck disable=SC2053 # a pattern
	[[ $place != *$unfit* ]] ||
		die "the kernel's build and QEMU take no path with a space or one of :,%#\$&;|<>()[]*?!\\\"'\` in it: $place"
done

# kernel_rows: the table of kernels, without what is no row of it
kernel_rows() {
	sed 's/#.*//; /^[[:space:]]*$/d' "$top/tests/kernels"
}

# kernel_for USE: the series that is used for it
kernel_for() {
	kernel_rows | awk -v use="$1" '"," $3 "," ~ "," use "," { print $1 }'
}

default_kernel=$(kernel_for default)
# The default one is the first
all_kernels=$(kernel_rows | awk -v first="$default_kernel" '
	$1 != first { rest = rest " " $1 }
	END { print first rest }')

# kernel_folder SERIES: where its release, modules and headers are; "running" is the
# kernel that runs here
kernel_folder() {
	local folder=$build/running/kernel

	if [ "$1" != running ]; then
		readlink -f "$cache/kernel/$1"
		return
	fi
	mkdir -p "$folder"
	uname -r >"$folder/release"
	ln -sfn /lib "$folder/lib"
	echo "$folder"
}

# Those that tests are run on
kernels=${KERNELS:-$all_kernels}

# debian_release: the number of the release of Debian that this is, or nothing
debian_release() (
	os=${PMEM_PKS_OS_RELEASE:-/etc/os-release}
	[ ! -r "$os" ] || . "$os"
	[ "${ID:-}" != debian ] || echo "${VERSION_ID:-}"
)

# kernel_package SERIES [RELEASE]: the package that depends on its newest image, of
# this release of Debian; nothing if that has none
kernel_package() {
	[[ " $all_kernels " = *" $1 "* ]] || die "tests/kernels has no series $1"
	kernel_rows | awk -v series="$1" -v release="${2:-$(debian_release)}" '$1 == series {
		n = split($2, from, ",")
		for (i = 1; i <= n; i++)
			if (index(from[i], release ":") == 1)
				print substr(from[i], length(release) + 2)
	}'
}

# why_no_kernel SERIES: why there is none to be had here, or nothing
why_no_kernel() {
	local package

	package=$(kernel_package "$1") || exit
	[ -n "$package" ] || [ -n "$(have_folder "$cache/kernel/$1" 2>/dev/null)" ] ||
		echo "Debian $(debian_release) has no kernel of the series $1"
}

# as_root COMMAND...: what only root may do
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		echo "${0##*/}: only root may do this, and there is no sudo: $*" >&2
		return 1
	fi
}

# writable FOLDER: have it
writable() {
	mkdir -p "$1" 2>/dev/null || true
	[ -w "$1" ] || die "$(id -un) can't write to $1"
}

# take_turns FILE: one at a time. A build that an interrupted run has left running
# has the file open, too, and is waited for.
take_turns() {
	writable "${1%/*}"
	exec 9>"$1"
	flock 9
}

# ready_tree TREE KERNEL: have it to build in, without links, and without what was
# built there for another kernel
ready_tree() {
	take_turns "$1.lock"
	if [ "$(cat "$1.made-for" 2>/dev/null)" != "$2" ]; then
		rm -rf "$1"
		echo "$2" >"$1.made-for"
	fi
	mkdir -p "$1"
	find "$1" -type l -delete
}

# scratch_folder NAME: have $scratch, a directory NAME.<something> that lasts as long as
# this process and its children have it open. Those of runs that were killed go.
scratch_folder() {
	local old

	writable "${1%/*}"
	exec 7<"${1%/*}"
	flock 7
	for old in "$1".*; do
		[ ! -d "$old" ] || ! flock -n "$old" true 2>/dev/null || rm -rf "$old"
	done
	scratch=$(mktemp -d "$1.XXXXXX")
	exec 8<"$scratch"
	flock 8
	exec 7<&-
}

# What comes from Debian is in directories <series>_<version> of the cache, to one of
# which the link <series> leads. Each gets its name when it is whole and loses it
# before it is removed.

# have_folder LINK: the one that is there
have_folder() {
	readlink -e "$1" ||
		find "${1%/*}" -maxdepth 1 -name "${1##*/}_*" ! -name '*.new' | head -n 1
}

# put_folder NEW FOLDER LINK: the one that was made in NEW is now it
put_folder() {
	local old

	for old in "$3"_*; do
		[[ ! -d $old || $old = *.new ]] || mv "$old" "$old.$$.new"
	done
	mv "$1" "$2"
	ln -sfn "${2##*/}" "$3"
	rm -rf "$3"_*.new
}

# whole FOLDER COMMAND...: run it, which makes files in FOLDER. If it was killed
# the last time, what it had made goes first: half a file is as new as a whole one.
whole() {
	local folder=$1 mark=$1.unfinished status=0

	shift
	[ ! -e "$mark" ] || find "$folder" -type f -newer "$mark" -delete
	: >"$mark"
	trap 'exit 130' INT
	"$@" || status=$?
	trap - INT
	[ $status -gt 128 ] || rm -f "$mark"
	return $status
}

# sources FOLDER PART...: the names of the sources among its parts. What a build
# in that tree left there is none; nor is it asked of git, as there may be none.
sources() {
	local folder=$1

	shift
	(cd "$folder" && find "$@" -type f ! -name '.*' ! -name '*.mod.c' ! -name 'offsets.h' \
		\( -name '*.[chS]' -o -name Kbuild -o -name Kconfig -o -name Makefile -o -name '*.mk' \) | sort)
}

# link_sources TREE FOLDER PART...: links in TREE to the sources among FOLDER's
# parts, beside what was built there
link_sources() {
	local tree=$1 folder=$2 file

	shift 2
	mkdir -p "$tree"
	sources "$folder" "$@" | while read -r file; do
		[[ $file != */* || -d $tree/${file%/*} ]] || mkdir -p "$tree/${file%/*}"
		ln -sf "$folder/$file" "$tree/$file"
	done
}
