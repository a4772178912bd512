/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What insn.c tells of a store, to those who leave it out or perform it.
 */
#ifndef PMEM_PKS_INSN_H
#define PMEM_PKS_INSN_H

#include <asm/insn.h>

#include "internal.h"

struct form;

/* A store, and the registers that its instruction works on. */
struct access {
	struct insn insn;
	struct pt_regs *regs;
	const struct form *form;
	unsigned long addr;	/* where it stores */
	unsigned int width;
	unsigned int length;	/* of the vector */
	u8 op;
	u8 prefix;
	u8 reg;			/* of ModRM, all its bits */
	u8 vex;			/* bytes of VEX (2, 3), EVEX (4), or 0 */
	bool wide;		/* REX.W, VEX.W */
	bool string;		/* stos or movs: not for access_execute() */
	bool source;		/* ... movs */
	bool repeated;		/* ... with rep */
	bool modifies;		/* it reads the memory first, into old */
	bool locked;		/* ... and is atomic for other CPUs */
	bool streaming;		/* past the caches, as movnti */
	bool direct;		/* movdiri, movdir64b */
	u8 old[16];
};

bool access_decode(struct access *a, struct pt_regs *regs);
bool access_execute(struct access *a, struct contain *c);
bool access_readable(unsigned long addr);
bool access_read(void *to, unsigned long from, unsigned int len);
bool access_put_vector(const struct access *a);

#endif /* PMEM_PKS_INSN_H */
