/* SPDX-License-Identifier: GPL-2.0 */
/* The trampoline of pmem.c. */
#include "hook_entry.h"

	.text

	HOOK_AROUND pmem_trampoline, pmem_enter, pmem_exit_map
