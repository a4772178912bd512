#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Before the root is mounted: what each namespace is to have is in force. The rules of udev
# do the same, but nothing here waits for them. Nor is there a wait for udev: see its rules.

[ ! -d /sys/kernel/pmem_pks ] || NDCTL_TIMEOUT=1 ndctl-pks config --apply --namespace=all || :
