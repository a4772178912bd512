# SPDX-License-Identifier: GPL-2.0
#
# No room of the driver uses one that stands above it: the order is that of
# pmem_pks-y in Kbuild, and what is used is what the objects' symbols say. The
# assembly of a room (hook_entry, insn_ops, symbols_call) belongs to it.

QUICK=1
. "$(dirname "$0")/../bed/paths.sh"

# arrows FOLDER: "room uses other (symbol)" for each arrow that runs back
arrows() {
	local object number=0

	for object in $objects; do
		number=$((number + 1))
		nm "$1/$object" | awk -v object="${object%.o}" -v number=$number \
			'{ print number, object, $(NF - 1), $NF }'
	done | awk '
	{ sub(/_(entry|ops|call)$/, "", $2) }
	!($2 in place) { place[$2] = $1 }
	$3 ~ /^[TDBRVWC]$/ { owner[$4] = $2 }
	$3 == "U" { used[++n] = $2 " " $4 }
	END {
		for (i = 1; i <= n; i++) {
			split(used[i], use, " ")
			other = owner[use[2]]
			if (other != "" && other != use[1]) {
				arrows++
				if (place[other] > place[use[1]])
					print use[1], "uses", other, "(" use[2] ")"
			}
		}
		print "seen", arrows + 0
	}'
}

cd "$top" || exit 1
objects=$(sed -n '/^pmem_pks-y :=/,/[^\\]$/p' drivers/pmem-pks/Kbuild | sed 's/^pmem_pks-y :=//; s/\\$//')
for series in $kernels; do
	folder=$build/$series/module/drivers/pmem-pks
	[ -e "$folder/pmem_pks.ko" ] || continue
	found=$(arrows "$folder")
	back=$(grep -v '^seen ' <<<"$found")
	if [ -z "$back" ]; then
		echo "ok - $series: no room uses one above it"
	else
		echo "not ok - $series: no room uses one above it"
		printf '# %s\n' "$back"
	fi
	if [ "${found##*seen }" -ge 100 ]; then
		echo "ok - $series: there are arrows to look at"
	else
		echo "not ok - $series: there are arrows to look at (${found##*seen })"
	fi
	# The other way round all of them run back
	upwards=$objects
	objects=$(tr -s ' \t\n' '\n' <<<"$objects" | tac)
	if [ "$(arrows "$folder" | grep -vc '^seen ')" -ge 100 ]; then
		echo "ok - $series: what runs back is found"
	else
		echo "not ok - $series: what runs back is found"
	fi
	objects=$upwards
done
