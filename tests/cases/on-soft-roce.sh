# SPDX-License-Identifier: GPL-2.0

DESCRIPTION="strict: a memory region of soft RoCE on device-dax is written in every way, without one false alarm"
PMEM="256M"

test() {
	ndctl create-namespace -f -e namespace0.0 -m devdax >&2
	modprobe dummy
	modprobe rdma_rxe
	modprobe ib_uverbs
	ip link set lo up
	ip link set dummy0 up
	ip addr add 10.0.0.1/24 dev dummy0
	rdma link add rxe0 type rxe netdev dummy0
	load fault_mode=strict
	check "4 KiB are written" timeout 60 /bed/rdma /dev/dax0.0 4
	check "128 KiB are written" timeout 60 /bed/rdma /dev/dax0.0 128
	refuse "which was seen: the pages are pinned" grep -qx 0 $namespaces/dax0.0/pinned_writes
	no_false_alarm "no write was taken for a stray one"
	check "every CPU is closed" closed_on_every_cpu dax0.0
	echo relaxed >$pks/fault_mode
	caught "a stray write is caught afterwards" dax0.0
}

cleanup() {
	rdma link del rxe0
}
