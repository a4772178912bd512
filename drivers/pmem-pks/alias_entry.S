/* SPDX-License-Identifier: GPL-2.0 */
/* The trampoline of alias.c. */
#include "hook_entry.h"

	.text

	HOOK_AROUND alias_trampoline, alias_enter, alias_made
