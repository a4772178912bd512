/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's linux/highmem.h includes "highmem-internal.h" in quotes, which
 * finds the file in its own directory before the include path is searched. So
 * this file includes our highmem-internal.h first. That includes the kernel's,
 * whose include guard makes the second inclusion empty.
 */
#include <linux/highmem-internal.h>
#include_next <linux/highmem.h>
