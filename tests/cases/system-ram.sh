# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="pmem that is given to the kernel as RAM is not protected, and is again once it is back"
PMEM=1G

test() {
	local place

	modprobe kmem
	echo offline >/sys/devices/system/memory/auto_online_blocks
	load
	load_stray
	ndctl create-namespace -f -e namespace0.0 -m devdax >&2
	caught "as devdax it is protected" dax0.0
	place=$(($(range_start dax0.0) + (512 << 20)))
	matches "its leaf has a key" "$(leaf_key $place)" '^[1-9][0-5]?$'
	daxctl reconfigure-device -m system-ram dax0.0 >&2
	check "it is RAM now" grep -q 'System RAM (kmem)' /proc/iomem
	equal "as RAM it has no directory" "$(ls $namespaces)" ""
	matches "and ndctl-pks says that it is RAM" "$(ndctl-pks status)" \
		'^Protected: nothing\..*
  - namespace0.0: the kernel uses it as RAM'
	equal "of which nothing is tried" "$(ndctl-pks selftest)" "There is no namespace to try."
	equal "and its leaf no key" "$(leaf_key $place)" 0
	all=$(strays)
	mount -o remount,size=1200m /tmp
	dd if=/dev/zero of=/tmp/ram bs=1M count=700 status=none
	rm /tmp/ram
	equal "RAM is used without an alarm" "$(strays)" "$all"
	daxctl reconfigure-device -f -m devdax dax0.0 >&2
	check "back as devdax it has its directory" [ -d $namespaces/dax0.0 ]
	caught "and is protected" dax0.0
}
