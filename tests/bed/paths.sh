# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034 # used by the scripts that source this file
#
# Where the test bed keeps what it makes. Sourced by the scripts of this
# folder. The cache holds what comes from Debian (kernels, headers,
# checkpatch) and serves every checkout; $build holds what is made from this
# checkout and $results what the last run of each test left.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bed=$top/tests/bed
home=${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}
cache=${PMEM_PKS_CACHE:-${XDG_CACHE_HOME:-$home/.cache}/pmem-pks}
build=$top/build
results=${PMEM_PKS_RESULTS:-$top/tests/results}
all_kernels="6.12 6.1"
