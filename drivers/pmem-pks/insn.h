/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Decoded stores: see insn.c.
 */
#ifndef PMEM_PKS_INSN_H
#define PMEM_PKS_INSN_H

#include <linux/types.h>
#include <asm/insn.h>

struct form;
struct pt_regs;

/* What a store writes. */
struct store {
	unsigned int width;	/* bytes of one store */
	u64 bytes;		/* bytes of all repetitions */
	/* The first bytes of the data, as far as they are known. */
	unsigned int data_len;
	u8 data[64];
};

/* The operands of an operation in insn_ops.S. */
struct insn_operands {
	u64 dst;
	u64 src;
	u64 count;	/* %cl of a shift */
	u64 flags;
};

/* Bytes from one operation in insn_ops.S to the next. */
enum { INSN_SLOT = 32 };

/* insn_ops.S */
void insn_operations(void);
void insn_vectors(void);
void insn_strings(void);
void insn_streams(void);
void insn_exchanges(void);

/* A store, and the registers that its instruction works on. */
struct access {
	struct insn insn;
	struct pt_regs *regs;
	const struct form *form;
	unsigned long addr;	/* the first byte that it stores to */
	unsigned int width;	/* bytes of one store */
	unsigned int length;	/* bytes of the vector */
	u8 op;
	u8 prefix;
	u8 reg;			/* ModRM.reg with its REX or VEX bits */
	u8 vex;			/* bytes of VEX (2, 3), EVEX (4), or 0 */
	bool wide;		/* REX.W or VEX.W */
	bool string;		/* stos or movs: not for access_execute() */
	bool source;		/* ... it is movs */
	bool repeated;		/* ... it has rep */
	bool modifies;		/* reads the memory first, into old */
	bool locked;		/* ... and is atomic for other CPUs */
	bool streaming;		/* bypasses the caches, as movnti */
	bool direct;		/* movdiri or movdir64b */
	u8 old[16];
};

bool access_decode(struct access *a, struct pt_regs *regs);
void access_end(const struct access *a);
bool access_execute(struct access *a, struct store *store);
bool access_readable(unsigned long addr);
bool access_read(void *to, unsigned long from, unsigned int len);
bool access_put_vector(const struct access *a);

#endif /* PMEM_PKS_INSN_H */
