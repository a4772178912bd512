/* SPDX-License-Identifier: GPL-2.0 */
/* The tables in contain_insns.S. The last entry of each has no text. */
#ifndef PMEM_PKS_CONTAIN_INSNS_H
#define PMEM_PKS_CONTAIN_INSNS_H

#include <linux/types.h>

struct contain_insn {
	unsigned long run;
	const char *text;
	u64 width;		/* bytes of one store */
};

extern const struct contain_insn contain_moves[], contain_addresses[],
	contain_conditions[], contain_alu[], contain_unary[], contain_shifts[],
	contain_carries[],
	contain_bits[], contain_bits_imm[], contain_exchanges[],
	contain_pairs[], contain_sse[], contain_avx[], contain_masked[],
	contain_evex[], contain_evex_masked[],
	contain_stos[], contain_rep_stos[], contain_movs[], contain_rep_movs[],
	contain_unknown[];

#endif /* PMEM_PKS_CONTAIN_INSNS_H */
