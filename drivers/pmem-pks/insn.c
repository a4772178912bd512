// SPDX-License-Identifier: GPL-2.0
/*
 * Decodes a store: its address, its width, its bytes, and the other effects of its
 * instruction. contain.c omits the store, step.c performs it.
 *
 * It runs in the page fault, in the writer's context, NMI included, with interrupts
 * off. Nothing here takes a lock, sleeps, or writes to other memory than its own.
 * The kernel's decoder finds the operands. The operation itself is done by the same
 * instruction, on a copy of the memory's value. So the CPU computes the flags.
 *
 * Not decoded are: stores of x87 and MMX, maskmovdqu, scatters, compressing and
 * truncating stores, stores of state (xsave, fxsave, sgdt ...), port input (ins),
 * and an instruction that a breakpoint replaces (kprobes). push and call are not
 * decoded either: if the kernel's stack can't be written, the frame of the fault
 * can't be written. That is a double fault, which does not come here.
 */
#include <linux/minmax.h>
#include <linux/swab.h>
#include <linux/uaccess.h>
#include <asm/cpufeature.h>
#include <asm/irqflags.h>
#include <asm/processor-flags.h>
#include <asm/ptrace.h>
#include <asm/segment.h>

#include "internal.h"

#define STATUS_FLAGS	(X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | \
			 X86_EFLAGS_ZF | X86_EFLAGS_SF | X86_EFLAGS_OF)

/* In the order of insn_ops.S. In each group the opcode or ModRM.reg selects one. */
enum operation {
	OP_ADD,			/* or adc sbb and sub xor cmp */
	OP_CMP = OP_ADD + 7,
	OP_ROL,			/* ror rcl rcr shl shr shl sar */
	OP_BT = OP_ROL + 8,	/* bts btr btc */
	OP_SHLD = OP_BT + 4,	/* shrd */
	OP_NOT = OP_SHLD + 2,	/* neg */
	OP_INC = OP_NOT + 2,	/* dec */
};

enum kind {
	MOV_REG, MOV_AX, MOV_IMM, MOV_SEG, MOV_SWAP, MOV_64B, SETCC, POP,
	STOS, MOVS,
	/* These read the memory first. */
	ALU_REG, ALU_IMM, UNARY, SHIFT, DOUBLE, BIT_REG, BIT_IMM, XCHG, XADD,
	CMPXCHG, CMPXCHG_PAIR,
	/* Stores of vectors. Those with VEX or EVEX are all among these. */
	VECTOR, VECTOR_HIGH, VECTOR_PART, VECTOR_MASKED,
};

/* The width of a store in bytes, if it depends on more than the form. */
enum {
	BY_OPCODE = 100,	/* 1 if the opcode is even, else BY_SIZE */
	BY_SIZE,		/* 2, 4 or 8, by prefix 66 and REX.W */
	BY_W,			/* 4 or 8, by REX.W or VEX.W */
	BY_PAIR,		/* 8 or 16, by REX.W */
	BY_STACK,		/* 2 or 8, by prefix 66 and REX.W */
	BY_LENGTH,		/* the length of the vector */
};

/* Mandatory prefixes, a bit for each: the bit's number is the prefix's in VEX. */
#define P_NONE	BIT(0)
#define P_66	BIT(1)
#define P_F3	BIT(2)
#define P_F2	BIT(3)
#define P_REP	(P_F3 | P_F2)
#define P_ANY	(P_NONE | P_66 | P_REP)

#define ANY_REG	0xff

/* Opcodes that store to a memory operand (Intel SDM volume 2, appendix A). */
static const struct form {
	u8 map;		/* 0: one byte, 1: 0f, 2: 0f 38, 3: 0f 3a */
	u8 op;		/* the opcode's last byte */
	u8 mask;	/* the bits of op that are compared */
	u8 regs;	/* bit per ModRM.reg */
	u8 prefixes;
	u8 width;
	u8 kind;
} forms[] = {
	{ 0, 0x88, 0xfe, ANY_REG, P_ANY, BY_OPCODE, MOV_REG },
	{ 0, 0xc6, 0xfe, BIT(0), P_ANY, BY_OPCODE, MOV_IMM },
	{ 0, 0xaa, 0xfe, ANY_REG, P_ANY, BY_OPCODE, STOS },
	{ 0, 0xa4, 0xfe, ANY_REG, P_ANY, BY_OPCODE, MOVS },
	{ 0, 0xa2, 0xfe, ANY_REG, P_ANY, BY_OPCODE, MOV_AX },
	{ 0, 0x8c, 0xff, ANY_REG, P_ANY, 2, MOV_SEG },
	{ 0, 0x8f, 0xff, BIT(0), P_ANY, BY_STACK, POP },
	/* 00, 01, 08, 09 ... 39: two for each operation */
	{ 0, 0x00, 0xc6, ANY_REG, P_ANY, BY_OPCODE, ALU_REG },
	{ 0, 0x80, 0xfc, ANY_REG, P_ANY, BY_OPCODE, ALU_IMM },
	{ 0, 0xf6, 0xfe, BIT(2) | BIT(3), P_ANY, BY_OPCODE, UNARY },
	{ 0, 0xfe, 0xfe, BIT(0) | BIT(1), P_ANY, BY_OPCODE, UNARY },
	/* c0, c1: by an immediate; d0, d1: by 1; d2, d3: by cl */
	{ 0, 0xc0, 0xfe, ANY_REG, P_ANY, BY_OPCODE, SHIFT },
	{ 0, 0xd0, 0xfc, ANY_REG, P_ANY, BY_OPCODE, SHIFT },
	{ 0, 0x86, 0xfe, ANY_REG, P_ANY, BY_OPCODE, XCHG },
	{ 1, 0x90, 0xf0, ANY_REG, P_ANY, 1, SETCC },
	/* a4, ac: by an immediate; a5, ad: by cl */
	{ 1, 0xa4, 0xf6, ANY_REG, P_ANY, BY_SIZE, DOUBLE },
	{ 1, 0xa3, 0xe7, ANY_REG, P_ANY, BY_SIZE, BIT_REG },
	{ 1, 0xba, 0xff, 0xf0, P_ANY, BY_SIZE, BIT_IMM },
	{ 1, 0xb0, 0xfe, ANY_REG, P_ANY, BY_OPCODE, CMPXCHG },
	{ 1, 0xc0, 0xfe, ANY_REG, P_ANY, BY_OPCODE, XADD },
	{ 1, 0xc7, 0xff, BIT(1), P_ANY, BY_PAIR, CMPXCHG_PAIR },
	{ 1, 0xc3, 0xff, ANY_REG, P_ANY, BY_W, MOV_REG },
	{ 2, 0xf1, 0xff, ANY_REG, P_NONE | P_66, BY_SIZE, MOV_SWAP },
	{ 2, 0xf8, 0xff, ANY_REG, P_66, 64, MOV_64B },
	{ 2, 0xf9, 0xff, ANY_REG, P_NONE, BY_W, MOV_REG },
	{ 1, 0x11, 0xff, ANY_REG, P_NONE | P_66, BY_LENGTH, VECTOR },
	{ 1, 0x11, 0xff, ANY_REG, P_F3, 4, VECTOR },
	{ 1, 0x11, 0xff, ANY_REG, P_F2, 8, VECTOR },
	{ 1, 0x13, 0xff, ANY_REG, P_NONE | P_66, 8, VECTOR },
	{ 1, 0x17, 0xff, ANY_REG, P_NONE | P_66, 8, VECTOR_HIGH },
	{ 1, 0x29, 0xff, ANY_REG, P_NONE | P_66, BY_LENGTH, VECTOR },
	{ 1, 0x2b, 0xff, ANY_REG, P_NONE | P_66, BY_LENGTH, VECTOR },
	{ 1, 0x7e, 0xff, ANY_REG, P_66, BY_W, VECTOR },
	{ 1, 0x7f, 0xff, ANY_REG, P_66 | P_REP, BY_LENGTH, VECTOR },
	{ 1, 0xd6, 0xff, ANY_REG, P_66, 8, VECTOR },
	{ 1, 0xe7, 0xff, ANY_REG, P_66, BY_LENGTH, VECTOR },
	{ 2, 0x2e, 0xfe, ANY_REG, P_66, BY_LENGTH, VECTOR_MASKED },
	{ 2, 0x8e, 0xff, ANY_REG, P_66, BY_LENGTH, VECTOR_MASKED },
	{ 3, 0x14, 0xff, ANY_REG, P_66, 1, VECTOR_PART },
	{ 3, 0x15, 0xff, ANY_REG, P_66, 2, VECTOR_PART },
	{ 3, 0x16, 0xff, ANY_REG, P_66, BY_W, VECTOR_PART },
	{ 3, 0x17, 0xff, ANY_REG, P_66, 4, VECTOR_PART },
	/* 19, 39: 16 bytes; 1b, 3b: 32 */
	{ 3, 0x19, 0xdf, ANY_REG, P_66, 16, VECTOR_PART },
	{ 3, 0x1b, 0xdf, ANY_REG, P_66, 32, VECTOR_PART },
};

static const u8 gprs[] = {
	offsetof(struct pt_regs, ax), offsetof(struct pt_regs, cx),
	offsetof(struct pt_regs, dx), offsetof(struct pt_regs, bx),
	offsetof(struct pt_regs, sp), offsetof(struct pt_regs, bp),
	offsetof(struct pt_regs, si), offsetof(struct pt_regs, di),
	offsetof(struct pt_regs, r8), offsetof(struct pt_regs, r9),
	offsetof(struct pt_regs, r10), offsetof(struct pt_regs, r11),
	offsetof(struct pt_regs, r12), offsetof(struct pt_regs, r13),
	offsetof(struct pt_regs, r14), offsetof(struct pt_regs, r15),
};

static void *gpr(const struct access *a, unsigned int nr, unsigned int width)
{
	void *regs = a->regs;

	/* ah, ch, dh, bh */
	if (width == 1 && nr >= 4 && !a->insn.rex_prefix.nbytes)
		return regs + gprs[nr - 4] + 1;
	return regs + gprs[nr];
}

static u64 gpr_get(const struct access *a, unsigned int nr, unsigned int width)
{
	u64 value = 0;

	memcpy(&value, gpr(a, nr, width), width);
	return value;
}

static void gpr_set(const struct access *a, unsigned int nr, unsigned int width,
		    u64 value)
{
	/* A write of 32 bits clears the upper half. */
	memcpy(gpr(a, nr, width), &value, width == 4 ? 8 : width);
}

/**
 * access_readable() - check that no key denies this CPU a read
 * @addr: a kernel virtual address
 *
 * Context: the page fault.
 * Return: whether no key does.
 */
bool access_readable(unsigned long addr)
{
	return !(pks_read() & BIT(2 * keymap_key(addr)));
}

/**
 * access_read() - read an instruction's source operand
 * @to: out: the bytes
 * @from: address, of the kernel or of a user
 * @len: number of bytes; up to eight are read at once
 *
 * Does not read a domain that denies reads: that would be one more stray access.
 *
 * Context: the page fault.
 * Return: whether all bytes were read.
 */
bool access_read(void *to, unsigned long from, unsigned int len)
{
	if (from < TASK_SIZE_MAX)
		return !copy_from_user_nofault(to, (void __user *)from, len);
	return access_readable(from) && access_readable(from + len - 1) &&
	       !copy_from_kernel_nofault(to, (void *)from, len);
}

/*
 * Perform an operation. It uses and sets the status flags in @regs. Return: the new
 * value of @dst.
 */
static u64 access_operate(struct pt_regs *regs, unsigned int op,
			  unsigned int width, u64 dst, u64 src, u64 count)
{
	struct insn_operands operands = {
		.dst = dst, .src = src, .count = count,
		.flags = (native_save_fl() & ~STATUS_FLAGS) |
			 (regs->flags & STATUS_FLAGS),
	};

	symbols_call((unsigned long)insn_operations +
		     (op * 4 + ilog2(width)) * INSN_SLOT,
		     (unsigned long)&operands, 0, 0, 0);
	regs->flags = (regs->flags & ~STATUS_FLAGS) |
		      (operands.flags & STATUS_FLAGS);
	return operands.dst;
}

/*
 * Store the low @length bytes of the vector register. Return: whether it was done.
 */
static bool access_vector_to(const struct access *a, unsigned int length,
			     void *to)
{
	unsigned int feature = length == 64 ? X86_FEATURE_AVX512F :
			       a->reg >= 16 ? X86_FEATURE_AVX512VL :
			       length == 32 ? X86_FEATURE_AVX :
			       X86_FEATURE_XMM;

	if (!boot_cpu_has(feature))
		return false;
	/* The slots: 32 xmm, 32 ymm, 32 zmm. */
	return symbols_call((unsigned long)insn_vectors +
			    (length / 32 * 32 + a->reg) * INSN_SLOT,
			    (unsigned long)to, 0, 0, 0);
}

/*
 * The writer is between kernel_fpu_begin() and kernel_fpu_end(), and the kernel's C
 * code uses no vectors. So the writer's vectors are still in the registers.
 */
static bool access_read_vector(const struct access *a, u8 *vector)
{
	return access_vector_to(a, a->vex == 4 ? 64 : a->vex ? 32 : 16, vector);
}

/**
 * access_put_vector() - perform the store of a whole vector register
 * @a: a store for which access_execute() found the bytes
 *
 * Context: the page fault; PKRS allows the store.
 * Return: false if it is no such store, or if it faults.
 */
bool access_put_vector(const struct access *a)
{
	return a->form->kind == VECTOR && a->width == a->length &&
	       access_vector_to(a, a->width, (void *)a->addr);
}

/* Find the form of a decoded instruction. Return: NULL if there is none. */
static const struct form *access_form(struct access *a)
{
	const u8 *opcode = a->insn.opcode.bytes;
	const struct insn *insn = &a->insn;
	unsigned int map, i;

	a->op = opcode[insn->opcode.nbytes - 1];
	if (a->vex) {
		map = insn_vex_m_bits(&a->insn);
		a->prefix = BIT(insn_vex_p_bits(&a->insn));
	} else {
		map = insn->opcode.nbytes - 1;
		if (map == 2 && opcode[1] == 0x3a)
			map = 3;
		a->prefix = P_NONE;
		for (i = 0; i < ARRAY_SIZE(insn->prefixes.bytes); i++) {
			if (insn->prefixes.bytes[i] == 0xf3)
				a->prefix = P_F3;
			else if (insn->prefixes.bytes[i] == 0xf2)
				a->prefix = P_F2;
			else if (insn->prefixes.bytes[i] == 0x66 &&
				 a->prefix == P_NONE)
				a->prefix = P_66;
		}
	}
	for (i = 0; i < ARRAY_SIZE(forms); i++)
		if (forms[i].map == map && (a->op & forms[i].mask) == forms[i].op &&
		    forms[i].prefixes & a->prefix &&
		    forms[i].regs & BIT(a->reg & 7) &&
		    (forms[i].kind >= VECTOR || !a->vex))
			return &forms[i];
	return NULL;
}

static bool access_has_prefix(const struct insn *insn, u8 prefix)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(insn->prefixes.bytes); i++)
		if (insn->prefixes.bytes[i] == prefix)
			return true;
	return false;
}

/* Whether a segment, fs or gs, is added to the source of a string instruction. */
static bool access_has_segment(const struct insn *insn)
{
	return access_has_prefix(insn, 0x64) || access_has_prefix(insn, 0x65);
}

static unsigned int access_width(const struct access *a)
{
	switch (a->form->width) {
	case BY_OPCODE:
		return a->op & 1 ? a->insn.opnd_bytes : 1;
	case BY_SIZE:
		return a->insn.opnd_bytes;
	case BY_W:
		return a->wide ? 8 : 4;
	case BY_PAIR:
		return a->wide ? 16 : 8;
	case BY_STACK:
		return access_has_prefix(&a->insn, 0x66) && !a->wide ? 2 : 8;
	case BY_LENGTH:
		return a->length;
	default:
		return a->form->width;
	}
}

/* Return: the memory operand's address; on an error, one that no store begins at. */
static unsigned long access_operand(struct access *a)
{
	return (unsigned long)kernel_insn_get_addr_ref(&a->insn, a->regs);
}

/*
 * Return: the address of the first byte that is stored to, as the CPU computes it.
 */
static unsigned long access_addr(struct access *a)
{
	unsigned int pop = a->form->kind == POP ? a->width : 0;
	const struct insn *insn = &a->insn;
	unsigned long addr;
	s64 bit;

	switch (a->form->kind) {
	case STOS:
	case MOVS:
		return a->regs->di;
	case MOV_64B:
		return gpr_get(a, a->reg, 8);
	case MOV_AX:
		return (u32)insn->moffset1.value |
		       (u64)insn->moffset2.value << 32;
	}
	/* The operand of pop uses the stack pointer after the pop. */
	a->regs->sp += pop;
	addr = access_operand(a);
	a->regs->sp -= pop;
	if (a->form->kind == BIT_REG) {
		/* A bit offset may reach beyond the operand, in both directions. */
		bit = (s64)(gpr_get(a, a->reg, a->width) <<
			    (64 - 8 * a->width)) >> (64 - 8 * a->width);
		addr += (bit >> (ilog2(a->width) + 3)) * (int)a->width;
	}
	return addr;
}

/* Set the members that contain.c and step.c use. */
static void access_describe(struct access *a)
{
	u8 map = a->form->map, kind = a->form->kind;

	a->string = kind == STOS || kind == MOVS;
	a->source = kind == MOVS;
	a->repeated = a->string && a->prefix & P_REP;
	a->modifies = kind >= ALU_REG && kind < VECTOR;
	a->locked = kind == XCHG || access_has_prefix(&a->insn, 0xf0);
	a->streaming = map == 1 &&
		       (a->op == 0xc3 || a->op == 0x2b || a->op == 0xe7);
	a->direct = map == 2 && (a->op == 0xf8 || a->op == 0xf9);
}

/**
 * access_decode() - decode the instruction of a store
 * @a: out: the store
 * @regs: the registers at the fault; access_execute() changes them
 *
 * Context: the page fault.
 * Return: false if the instruction is not known here.
 */
bool access_decode(struct access *a, struct pt_regs *regs)
{
	struct insn *insn = &a->insn;
	const u8 *vex = insn->vex_prefix.bytes;
	u8 rex;

	a->regs = regs;
	if (kernel_insn_decode(insn, (void *)regs->ip, MAX_INSN_SIZE,
			       INSN_MODE_KERN) < 0)
		return false;
	if (insn->addr_bytes != 8 || insn->rex_prefix.nbytes > 1)
		return false;

	a->vex = insn->vex_prefix.nbytes;
	/* VEX and EVEX have the bits of REX inverted. */
	rex = insn->rex_prefix.value;
	if (a->vex) {
		rex = (~vex[1] >> 5) & (a->vex == 2 ? 4 : 7);
		if (a->vex > 2)
			rex |= vex[2] >> 7 << 3;
		/* insn_get_addr_ref() takes these bits from the REX prefix. */
		insn->rex_prefix.value = rex;
	}
	a->wide = X86_REX_W(rex);
	a->reg = X86_MODRM_REG(insn->modrm.value) | (X86_REX_R(rex) ? 8 : 0);
	a->length = 16;
	if (a->vex == 4) {
		a->reg |= ~vex[1] & 0x10;
		a->length <<= vex[3] >> 5 & 3;
	} else if (a->vex && X86_VEX_L(vex[2])) {
		a->length = 32;
	}

	a->form = access_form(a);
	if (!a->form || a->length > sizeof_field(struct store, data) ||
	    (a->form->kind == MOVS && access_has_segment(insn)) ||
	    (insn->modrm.nbytes && X86_MODRM_MOD(insn->modrm.value) == 3))
		return false;
	a->width = access_width(a);
	/* The unit of EVEX's short displacement is the width of the store. */
	if (a->vex == 4 && insn->displacement.nbytes == 1)
		insn->displacement.value *= a->width;
	a->addr = access_addr(a);
	access_describe(a);
	return true;
}

static bool access_condition(unsigned int cc, unsigned long flags)
{
	bool sign = !(flags & X86_EFLAGS_SF) != !(flags & X86_EFLAGS_OF);
	static const u16 bits[] = {
		X86_EFLAGS_OF, X86_EFLAGS_CF, X86_EFLAGS_ZF,
		X86_EFLAGS_CF | X86_EFLAGS_ZF, X86_EFLAGS_SF, X86_EFLAGS_PF,
		0, X86_EFLAGS_ZF,
	};

	return ((flags & bits[cc / 2]) || (cc / 2 >= 6 && sign)) != (cc & 1);
}

static u16 access_segment(const struct access *a)
{
	u16 value = 0;

	switch (a->reg & 7) {
	case 0:
		savesegment(es, value);
		return value;
	case 1:
		return a->regs->cs;
	case 2:
		return a->regs->ss;
	case 3:
		savesegment(ds, value);
		return value;
	case 4:
		savesegment(fs, value);
		return value;
	default:
		savesegment(gs, value);
		return value;
	}
}

/* cmpxchg8b, cmpxchg16b */
static void access_pair(struct access *a, struct store *store)
{
	unsigned int half = a->width / 2;
	u64 low = 0, high = 0, value;

	memcpy(&low, a->old, half);
	memcpy(&high, a->old + half, half);
	if (low == gpr_get(a, 0, half) && high == gpr_get(a, 2, half)) {
		a->regs->flags |= X86_EFLAGS_ZF;
		value = gpr_get(a, 3, half);
		memcpy(store->data, &value, half);
		value = gpr_get(a, 1, half);
		memcpy(store->data + half, &value, half);
	} else {
		a->regs->flags &= ~X86_EFLAGS_ZF;
		gpr_set(a, 0, half, low);
		gpr_set(a, 2, half, high);
		memcpy(store->data, a->old, a->width);
	}
}

static void access_vector(struct access *a, struct store *store)
{
	u8 vector[64] = {}, *from = vector;

	/* Masks, which select the elements to store, are not evaluated. */
	if (a->form->kind == VECTOR_MASKED ||
	    (a->vex == 4 && a->insn.vex_prefix.bytes[3] & 7) ||
	    !access_read_vector(a, vector)) {
		store->data_len = 0;
		return;
	}
	if (a->form->kind == VECTOR_HIGH)
		from += 8;
	else if (a->form->kind == VECTOR_PART)
		from += (u8)a->insn.immediate.value * a->width &
			(a->length - 1);
	memcpy(store->data, from, a->width);
}

/* Return: the new value of the memory, after an operation on its value @mem. */
static u64 access_modify(struct access *a, u64 mem, u64 src)
{
	const s64 imm = a->insn.immediate.value;
	unsigned int op, reg = a->reg & 7;
	u64 count = a->regs->cx;

	switch (a->form->kind) {
	case ALU_REG:
		op = OP_ADD + a->op / 8;
		break;
	case ALU_IMM:
		op = OP_ADD + reg;
		src = imm;
		break;
	case UNARY:
		op = (a->op < 0xf8 ? OP_NOT : OP_INC) + (reg & 1);
		break;
	case SHIFT:
		op = OP_ROL + reg;
		if (a->op < 0xd2)
			count = a->op < 0xd0 ? imm : 1;
		break;
	case DOUBLE:
		op = OP_SHLD + (a->op >> 3 & 1);
		if (!(a->op & 1))
			count = imm;
		break;
	case BIT_REG:
		op = OP_BT + (a->op >> 3 & 3);
		src &= 8 * a->width - 1;
		break;
	case BIT_IMM:
		op = OP_BT + (reg & 3);
		src = imm & (8 * a->width - 1);
		break;
	default:	/* xadd */
		op = OP_ADD;
	}
	return access_operate(a->regs, op, a->width, mem, src, count);
}

/**
 * access_end() - go on behind the instruction
 * @a: the store
 *
 * RF suppresses a breakpoint at this instruction only. So it stays set while
 * repetitions of a string instruction are left.
 *
 * Context: the page fault.
 */
void access_end(const struct access *a)
{
	a->regs->ip += a->insn.length;
	a->regs->flags &= ~X86_EFLAGS_RF;
}

/**
 * access_execute() - do everything that the instruction does, except its store
 * @a: the store; not of a string instruction
 * @store: out: the bytes that it stores; data_len is 0 if they are not known
 *
 * Context: the page fault.
 * Return: false if an operand can't be read. Then the registers may have changed.
 */
bool access_execute(struct access *a, struct store *store)
{
	unsigned int kind = a->form->kind, width = a->width;
	struct pt_regs *regs = a->regs;
	u64 mem = 0, src = 0, value;

	store->bytes = width;
	store->data_len = width;
	if (kind >= VECTOR) {
		access_vector(a, store);
		return true;
	}
	if (kind >= ALU_REG) {
		if (!access_read(a->old, a->addr, width)) {
			store->data_len = 0;
			return false;
		}
		memcpy(&mem, a->old, min(width, 8u));
	}
	if (width <= 8)
		src = gpr_get(a, a->reg, width);

	switch (kind) {
	case MOV_REG:
		value = src;
		break;
	case MOV_AX:
		value = regs->ax;
		break;
	case MOV_IMM:
		value = (s64)a->insn.immediate.value;
		break;
	case MOV_SEG:
		value = access_segment(a);
		break;
	case MOV_SWAP:
		value = swab64(src) >> (64 - 8 * width);
		break;
	case MOV_64B:
		if (!access_read(store->data, access_operand(a), width))
			store->data_len = 0;
		return true;
	case SETCC:
		value = access_condition(a->op & 15, regs->flags);
		break;
	case POP:
		if (!access_read(&value, regs->sp, width))
			return false;
		regs->sp += width;
		break;
	case XCHG:
		value = src;
		gpr_set(a, a->reg, width, mem);
		break;
	case CMPXCHG:
		access_operate(regs, OP_CMP, width, gpr_get(a, 0, width), mem, 0);
		value = src;
		if (!(regs->flags & X86_EFLAGS_ZF)) {
			value = mem;
			gpr_set(a, 0, width, mem);
		}
		break;
	case CMPXCHG_PAIR:
		access_pair(a, store);
		return true;
	case XADD:
		value = access_modify(a, mem, src);
		gpr_set(a, a->reg, width, mem);
		break;
	default:
		value = access_modify(a, mem, src);
	}
	memcpy(store->data, &value, width);
	return true;
}
