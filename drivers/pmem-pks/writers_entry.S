/* SPDX-License-Identifier: GPL-2.0 */
/* The trampolines of writers.c. */
#include "hook_entry.h"

	.text

	HOOK_AROUND_ANY writers_trampoline, writer_enter, writer_exit

/* The destination is the first of three arguments, or the third of five. */
	HOOK_AROUND writers_block_trampoline, writer_enter_block, writer_exit_dst, 3, %rdi
	HOOK_AROUND writers_dax_trampoline, writer_enter_dax, writer_exit_dst, 5, %rdx
