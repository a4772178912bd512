/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's linux/highmem.h includes "highmem-internal.h" from its own
 * folder, whatever comes first in the include path. So ours comes before it,
 * and the kernel's, being guarded against a second inclusion, is empty then.
 */
#include <linux/highmem-internal.h>
#include_next <linux/highmem.h>
