# SPDX-License-Identifier: GPL-2.0
#
# make rpm builds the same packages as make deb does, for RPM and DKMS, and rpmlint finds
# nothing in them or in the spec file.

. "$(dirname "$0")/../bed/paths.sh"
. "$bed/verdicts.sh"
. "$bed/requires.sh"

requires_program rpmbuild rpmlint meson asciidoctor

version=$(sed -n 's/^MODULE_VERSION("\(.*\)");/\1/p' "$top/drivers/pmem-pks/main.c")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$top" && tar -c --exclude=./.git --exclude=./build --exclude=./tests/results --exclude-vcs-ignores .) |
	tar -x -C "$work"
unset MAKEFLAGS MAKELEVEL

if made=$(make -C "$work" --no-print-directory rpm 2>&1); then
	echo "ok - make rpm"
else
	echo "not ok - make rpm"
	tail -n 30 <<<"$made" | sed 's/^/# /'
fi
same "it names the packages" "$(sed -n "s|^.*/\(.*\)-$version-.*\.rpm$|\1|p" <<<"$made" | grep -vE 'debug(info|source)$' | sort)" \
	$'ndctl-pks\npmem-pks\npmem-pks-devel\npmem-pks-dkms\npmem-pks-dracut'

# complaints FILE...: what rpmlint says, beside its summary. Not each version needs each
# of our filters.
complaints() {
	rpmlint --rpmlintrc "$top/packaging/rpm/pmem-pks.rpmlintrc" "$@" 2>&1 |
		grep -E ': (E|W): ' | grep -v 'unused-rpmlintrc-filter'
}

# shellcheck disable=SC2086 # words
same "rpmlint finds nothing" "$(complaints "$top/packaging/rpm/pmem-pks.spec" $made)" ""
sed '/^Name:/a Prefix: /usr' "$top/packaging/rpm/pmem-pks.spec" | finds rpmlint complaints .spec

# shellcheck disable=SC2086 # words
files=$(rpm -qpl $made 2>&1)
for file in /usr/bin/ndctl-pks /usr/share/man/man1/ndctl-pks.1 /usr/include/pmem-pks/linux/pks.h \
	/usr/src/pmem-pks-$version/dkms.conf /usr/src/pmem-pks-$version/drivers/pmem-pks/main.c; do
	same "they have $file" "$(grep -cx "$file\(\.gz\)\{0,1\}" <<<"$files")" 1
done
same "and not the stray writer, a test or KUnit" "$(grep -E 'stray|kunit|/tests/' <<<"$files")" ""
same "their version is the module's" "$(sed -n 's/^Version: *//p' "$top/packaging/rpm/pmem-pks.spec")" \
	"$version"
