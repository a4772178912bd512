// SPDX-License-Identifier: GPL-2.0
/*
 * contain.c and step.c: the modes contain and relaxed do to registers, flags and
 * memory what they promise.
 *
 * Each instruction is executed twice with the same registers, flags and bytes: on
 * plain memory, and on pages that are fenced, which is to say protected. Afterwards
 * the registers and flags are the same. In contain, the fenced bytes have not
 * changed, and the bytes that were dropped are those that the plain memory has now.
 * In relaxed, the fenced bytes are those of the plain memory, and no grant was
 * taken, as a single step would have.
 *
 * The instructions are in contain_insns.S.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <asm/cpufeature.h>
#include <asm/apic.h>
#include <asm/asm.h>
#include <asm/fpu/api.h>
#include <asm/nmi.h>
#include <asm/nospec-branch.h>
#include <asm/processor-flags.h>
#include <asm/ptrace.h>

#include "internal.h"
#include "contain_insns.h"

#define ORDER	2
#define SIZE	(PAGE_SIZE << ORDER)
/* The middle of the two fenced pages, which are between two plain pages. */
#define MIDDLE	(2 * PAGE_SIZE)
#define ROUNDS	12

#define COMPARED	(X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | \
			 X86_EFLAGS_ZF | X86_EFLAGS_SF | X86_EFLAGS_OF)

struct registers {
	u64 ax, bx, cx, dx, si, di, flags;
};

static struct {
	struct domain d;
	int key;
	struct rnd_state rnd;
	struct kunit *test;
	u8 *image;	/* the initial content of both memories */
	u8 *memory[2];	/* plain, fenced */
	u8 *source;
	unsigned int align;
	u64 offset;	/* of the operand in the memory */
	struct registers cpu[2];
	s64 strays;
	bool performed;	/* the mode is relaxed */
	bool stepped;	/* ... and the store is single-stepped */
	u64 grants;
} rig;

static int rig_prepare(struct kunit *test, enum fault_mode mode)
{
	unsigned int i;

	memset(&rig, 0, sizeof(rig));
	rig.test = test;
	rig.image = (u8 *)__get_free_pages(GFP_KERNEL, ORDER);
	rig.source = (u8 *)__get_free_pages(GFP_KERNEL, ORDER);
	rig.memory[0] = (u8 *)__get_free_pages(GFP_KERNEL, ORDER);
	rig.memory[1] = (u8 *)__get_free_pages(GFP_KERNEL, ORDER);
	if (!rig.image || !rig.source || !rig.memory[0] || !rig.memory[1])
		return -ENOMEM;
	prandom_seed_state(&rig.rnd, 1);
	prandom_bytes_state(&rig.rnd, rig.image, SIZE);
	prandom_bytes_state(&rig.rnd, rig.source, SIZE);
	for (i = 0; i < 2; i++)
		memcpy(rig.memory[i], rig.image, SIZE);
	rig.align = 1;

	rig.key = pks_key_alloc(PKS_DENY_WRITE);
	domain_fill(&rig.d, "fenced", rig.key,
		    (unsigned long)rig.memory[1] + PAGE_SIZE, 2 * PAGE_SIZE);
	rig.performed = mode == FAULT_RELAXED;
	WRITE_ONCE(fault_mode, mode);
	return domain_add(&rig.d) ?: domain_protect(&rig.d, true);
}

static int rig_init(struct kunit *test)
{
	return rig_prepare(test, FAULT_CONTAIN);
}

static int rig_init_relaxed(struct kunit *test)
{
	return rig_prepare(test, FAULT_RELAXED);
}

static void rig_exit(struct kunit *test)
{
	WRITE_ONCE(fault_mode, FAULT_RELAXED);
	domain_del(&rig.d);
	pks_key_free(rig.key);
	free_pages((unsigned long)rig.memory[0], ORDER);
	free_pages((unsigned long)rig.memory[1], ORDER);
	free_pages((unsigned long)rig.image, ORDER);
	free_pages((unsigned long)rig.source, ORDER);
}

static u64 any(void)
{
	u64 value;

	prandom_bytes_state(&rig.rnd, &value, sizeof(value));
	return value;
}

/* The flags that an instruction starts with. */
static u64 begin_flags(u64 set)
{
	return (native_save_fl() & ~COMPARED) | set;
}

/* Restore the initial content of the fenced pages. */
static void fill_fenced(void)
{
	KUNIT_EXPECT_EQ(rig.test, pks_grant(rig.key), 0);
	memcpy(rig.memory[1] + PAGE_SIZE, rig.image + PAGE_SIZE, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(rig.test, pks_revoke(rig.key), 0);
	rig.grants = grant_total();
}

/* @offset: offset of the operand in the memory */
static void begin(u64 offset, u64 flags)
{
	unsigned int i;

	memcpy(rig.memory[0], rig.image, SIZE);
	memcpy(rig.memory[1], rig.image, PAGE_SIZE);
	memcpy(rig.memory[1] + SIZE - PAGE_SIZE, rig.image + SIZE - PAGE_SIZE,
	       PAGE_SIZE);
	rig.offset = offset;
	rig.strays = atomic64_read(&rig.d.stray_writes);
	rig.grants = grant_total();
	if (rig.performed)
		fill_fenced();
	memset(&fault_last, 0, sizeof(fault_last));
	rig.cpu[0].ax = any();
	rig.cpu[0].bx = any();
	rig.cpu[0].cx = any();
	rig.cpu[0].dx = any();
	rig.cpu[0].si = any();
	rig.cpu[0].flags = begin_flags(flags);
	rig.cpu[1] = rig.cpu[0];
	for (i = 0; i < 2; i++)
		rig.cpu[i].di = (u64)rig.memory[i] + offset;
}

static void begin_round(const struct contain_insn *insn, unsigned int round, bool bits)
{
	unsigned int i;

	begin(MIDDLE + (rig.align == 1 ? round * 3 : round % 4 * rig.align),
	      any() & COMPARED);
	for (i = 0; i < 2; i++) {
		struct registers *cpu = &rig.cpu[i];

		/* The content of the memory, so that cmpxchg succeeds. */
		if (round % 3 == 0) {
			memcpy(&cpu->ax, rig.image + rig.offset, 8);
			memcpy(&cpu->dx, rig.image + rig.offset +
			       insn->width / 2, 8);
		}
		if (bits)
			cpu->cx = (s64)(cpu->cx % 30000) - 15000;
	}
	if (bits)
		rig.offset += ((s64)rig.cpu[0].cx >> (ilog2(insn->width) + 3)) *
			      (int)insn->width;
}

static void expect_same_cpu(const char *text)
{
	const struct registers *a = &rig.cpu[0], *b = &rig.cpu[1];

	KUNIT_EXPECT_EQ_MSG(rig.test, a->ax, b->ax, "%s", text);
	KUNIT_EXPECT_EQ_MSG(rig.test, a->bx, b->bx, "%s", text);
	KUNIT_EXPECT_EQ_MSG(rig.test, a->cx, b->cx, "%s", text);
	KUNIT_EXPECT_EQ_MSG(rig.test, a->dx, b->dx, "%s", text);
	KUNIT_EXPECT_EQ_MSG(rig.test, a->si, b->si, "%s", text);
	KUNIT_EXPECT_EQ_MSG(rig.test, a->di - (u64)rig.memory[0],
			    b->di - (u64)rig.memory[1], "%s", text);
	KUNIT_EXPECT_EQ_MSG(rig.test, a->flags & (COMPARED | X86_EFLAGS_DF),
			    b->flags & (COMPARED | X86_EFLAGS_DF), "%s", text);
	KUNIT_EXPECT_EQ_MSG(rig.test, atomic64_read(&rig.d.stray_writes),
			    rig.strays + 1, "%s", text);
	KUNIT_EXPECT_EQ_MSG(rig.test, pks_read(), pks_closed, "%s", text);
	if (rig.performed && !rig.stepped)
		KUNIT_EXPECT_EQ_MSG(rig.test, grant_total(), rig.grants, "%s",
				    text);
}

/* @data: whether the bytes to be written are known */
static void end(const char *text, unsigned int width, bool data)
{
	const u8 *written = rig.memory[0] + rig.offset;

	expect_same_cpu(text);
	KUNIT_EXPECT_TRUE_MSG(rig.test,
			      !memcmp(rig.memory[1], rig.performed ?
				      rig.memory[0] : rig.image, SIZE),
			      "%s: the memory", text);
	KUNIT_EXPECT_EQ_MSG(rig.test, fault_last.width, width, "%s", text);
	KUNIT_EXPECT_EQ_MSG(rig.test, fault_last.bytes, width, "%s", text);
	KUNIT_EXPECT_EQ_MSG(rig.test, fault_last.data_len,
			    data ? width : 0, "%s", text);
	KUNIT_EXPECT_TRUE_MSG(rig.test, !memcmp(fault_last.data, written,
						fault_last.data_len),
			      "%s: the data: %*ph, written: %*ph", text,
			      width, fault_last.data, width, written);
}

static void execute(const struct contain_insn *insn, struct registers *cpu)
{
	register u64 r12 asm("r12") = cpu->di;
	register u64 r13 asm("r13") = cpu->di;

	/* r9 is set here, as a call of KASAN before this would overwrite it. */
	asm volatile("movl $2, %%r9d\n\t"
		     "pushfq\n\t"
		     "pushq %[flags]\n\t"
		     "popfq\n\t"
		     ANNOTATE_RETPOLINE_SAFE
		     "call *%[run]\n\t"
		     "pushfq\n\t"
		     "popq %[flags]\n\t"
		     "popfq\n"
		     : "+a" (cpu->ax), "+b" (cpu->bx), "+c" (cpu->cx),
		       "+d" (cpu->dx), "+S" (cpu->si), "+D" (cpu->di),
		       [flags] "+r" (cpu->flags), ASM_CALL_CONSTRAINT
		     : [run] "r" (insn->run), "r" (r12), "r" (r13)
		     : "r9", "memory", "cc");
}

static void try_all(const struct contain_insn *insn, bool bits)
{
	unsigned int round, i;

	for (; insn->text; insn++) {
		for (round = 0; round < ROUNDS; round++) {
			begin_round(insn, round, bits);
			for (i = 0; i < 2; i++)
				execute(insn, &rig.cpu[i]);
			end(insn->text, insn->width, true);
		}
	}
}

/*
 * Load vectors into registers 3 and 11 or 19, all ones into 4, and the mask into k1.
 */
static void load_vectors(unsigned int vex)
{
	if (vex == 4)
		asm volatile("vmovups (%0), %%zmm3\n\t"
			     "vmovups 40(%0), %%zmm19\n\t"
			     "kmovq %1, %%k1"
			     : : "r" (rig.source), "r" (0x5555555555555555)
			     : "memory");
	else if (vex)
		asm volatile("vmovups (%0), %%ymm3\n\t"
			     "vmovups 40(%0), %%ymm11\n\t"
			     "vcmptrueps %%ymm4, %%ymm4, %%ymm4"
			     : : "r" (rig.source) : "memory");
	else
		asm volatile("movups (%0), %%xmm3\n\t"
			     "movups 40(%0), %%xmm11"
			     : : "r" (rig.source) : "memory");
}

static void try_vectors(const struct contain_insn *insn, unsigned int vex,
			bool data)
{
	unsigned int round, i;

	rig.align = 64;
	for (; insn->text; insn++) {
		for (round = 0; round < 4; round++) {
			begin_round(insn, round, false);
			for (i = 0; i < 2; i++) {
				kernel_fpu_begin();
				load_vectors(vex);
				execute(insn, &rig.cpu[i]);
				kernel_fpu_end();
			}
			end(insn->text, insn->width, data);
		}
	}
}

static void moves(struct kunit *test)
{
	try_all(contain_moves, false);
	try_all(contain_addresses, false);
	try_all(contain_conditions, false);
}

static void arithmetic(struct kunit *test)
{
	try_all(contain_alu, false);
	try_all(contain_unary, false);
	try_all(contain_shifts, false);
}

/*
 * QEMU 7.2 changes the carry before it finds that the store faults. So no page fault
 * handler can get this right, and the test is skipped there.
 */
static void rotations_through_the_carry(struct kunit *test)
{
	unsigned int round;
	u64 changed = 0;

	WRITE_ONCE(fault_mode, FAULT_STRICT);
	for (round = 0; round < ROUNDS; round++) {
		begin_round(contain_carries, round, false);
		execute(contain_carries, &rig.cpu[1]);
		changed |= (rig.cpu[0].flags ^ rig.cpu[1].flags) & COMPARED;
	}
	WRITE_ONCE(fault_mode, rig.performed ? FAULT_RELAXED : FAULT_CONTAIN);
	if (changed)
		kunit_skip(test, "the CPU changes flags by a store that faults");
	try_all(contain_carries, false);
}

static void bits(struct kunit *test)
{
	/* With an arbitrary bit offset, a lock may be split. */
	rig.stepped = true;
	try_all(contain_bits, true);
	rig.stepped = false;
	try_all(contain_bits_imm, false);
}

static void exchanges(struct kunit *test)
{
	try_all(contain_exchanges, false);
	rig.align = 16;
	try_all(contain_pairs, false);
}

static void sse(struct kunit *test)
{
	try_vectors(contain_sse, 0, true);
}

static void avx(struct kunit *test)
{
	if (!boot_cpu_has(X86_FEATURE_AVX2))
		kunit_skip(test, "the CPU has no AVX2");
	try_vectors(contain_avx, 2, true);
	rig.stepped = true;
	try_vectors(contain_masked, 2, false);
}

/* A reader that takes no lock sees none of it, or all of it. */
static void try_whole_vector(const u8 *bytes, unsigned int width)
{
	struct pt_regs regs = {
		.ip = (unsigned long)bytes, .cs = __KERNEL_CS,
		.di = (unsigned long)rig.memory[0],
	};
	struct access a;

	kernel_fpu_begin();
	load_vectors(4);
	KUNIT_EXPECT_TRUE(rig.test, access_decode(&a, &regs));
	KUNIT_EXPECT_TRUE(rig.test, access_put_vector(&a));
	kernel_fpu_end();
	KUNIT_EXPECT_EQ(rig.test, a.width, width);
	KUNIT_EXPECT_TRUE(rig.test, !memcmp(rig.memory[0], rig.source + 40, width));
	KUNIT_EXPECT_TRUE(rig.test, !memcmp(rig.memory[0] + width, rig.image + width, 64));
}

static void avx512(struct kunit *test)
{
	/* vmovdqa32 to (%rdi) */
	static const u8 xmm19[15] = { 0x62, 0xe1, 0x7d, 0x08, 0x7f, 0x1f };
	static const u8 ymm19[15] = { 0x62, 0xe1, 0x7d, 0x28, 0x7f, 0x1f };

	if (!boot_cpu_has(X86_FEATURE_AVX512BW) ||
	    !boot_cpu_has(X86_FEATURE_AVX512VL))
		kunit_skip(test, "the CPU has no AVX512");
	try_vectors(contain_evex, 4, true);
	rig.stepped = true;
	try_vectors(contain_evex_masked, 4, false);
	begin(0, 0);
	try_whole_vector(xmm19, 16);
	try_whole_vector(ymm19, 32);
}

/* Whether a store touches the fenced pages. */
static bool fenced(u64 offset, unsigned int width)
{
	return offset + width > PAGE_SIZE && offset < SIZE - PAGE_SIZE;
}

static void begin_string(u64 offset, u64 count, u64 flags)
{
	unsigned int i;

	begin(offset, flags);
	for (i = 0; i < 2; i++) {
		rig.cpu[i].cx = count;
		rig.cpu[i].si = (u64)rig.source + offset;
	}
}

/* Expect each element to be as on plain memory, or unchanged if it was dropped. */
static void end_string(const char *text, unsigned int width, u64 count, u64 df)
{
	u8 *expected = rig.memory[0];
	u64 dropped = 0, first = 0, offset, i;
	u8 data[64] = {};

	for (i = 0; i < count; i++) {
		offset = rig.offset + (df ? -i : i) * width;
		if (!fenced(offset, width))
			continue;
		if (!dropped++)
			first = offset;
		if (dropped == 1 || (!df && dropped * width <= sizeof(data)))
			memcpy(data + (dropped - 1) * width, expected + offset,
			       width);
		if (!rig.performed)
			memcpy(expected + offset, rig.image + offset, width);
	}
	expect_same_cpu(text);
	KUNIT_EXPECT_TRUE_MSG(rig.test, !memcmp(rig.memory[1], expected, SIZE),
			      "%s from 0x%llx, %llu times", text, rig.offset,
			      count);
	KUNIT_EXPECT_EQ_MSG(rig.test, fault_last.width, width, "%s", text);
	if (rig.performed)
		return;
	KUNIT_EXPECT_EQ_MSG(rig.test, fault_last.bytes, dropped * width,
			    "%s from 0x%llx, %llu times, %s", text, rig.offset,
			    count, df ? "down" : "up");
	KUNIT_EXPECT_GE_MSG(rig.test, fault_last.data_len, width, "%s", text);
	KUNIT_EXPECT_TRUE_MSG(rig.test, !memcmp(fault_last.data, data,
						fault_last.data_len),
			      "%s from 0x%llx: the data from 0x%llx", text,
			      rig.offset, first);
}

static void try_string(const struct contain_insn *insn, u64 offset, u64 count,
		       bool down)
{
	bool rep = strstarts(insn->text, "rep");
	u64 flags = down ? X86_EFLAGS_DF : 0;
	unsigned int i;

	begin_string(offset, count, flags);
	for (i = 0; i < 2; i++)
		execute(insn, &rig.cpu[i]);
	end_string(insn->text, insn->width, rep ? count : 1, flags);
}

static void try_strings(const struct contain_insn *insn)
{
	unsigned int i;

	for (; insn->text; insn++) {
		for (i = 0; i < 8; i++) {
			try_string(insn, MIDDLE + i, 1 + 23 * i, false);
			try_string(insn, MIDDLE + i, 1 + 23 * i, true);
		}
	}
}

/*
 * Over each edge and over both, with and without an element that crosses the edge.
 */
static void try_edges(const struct contain_insn *insn)
{
	const u64 front = PAGE_SIZE, back = SIZE - PAGE_SIZE;
	u64 w, all, i;

	for (; insn->text; insn++) {
		w = insn->width;
		all = 2 * PAGE_SIZE / w + 100;
		for (i = 0; i < 2 * w; i++) {
			try_string(insn, back - 48 + i, 60, false);
			try_string(insn, front + 48 + i, 60, true);
			try_string(insn, front - 48 + i, all, false);
			try_string(insn, back + 48 + i, all, true);
		}
	}
}

static void stos(struct kunit *test)
{
	try_strings(contain_stos);
	try_strings(contain_rep_stos);
	try_edges(contain_rep_stos);
}

static void movs(struct kunit *test)
{
	try_strings(contain_movs);
	try_strings(contain_rep_movs);
	try_edges(contain_rep_movs);
}

/* The source overlaps what is written: as in memmove(), and as in a fill. */
static void a_source_that_is_overwritten(struct kunit *test)
{
	static const int gaps[] = { -9, -8, -1, 1, 3, 8, 20 };
	const struct contain_insn *insn;
	unsigned int i, k;
	u8 written[64];

	for (insn = contain_rep_movs; insn->text; insn++) {
		for (i = 0; i < ARRAY_SIZE(gaps); i++) {
			/* The data is known up to the end of the source's cache line. */
			begin_string(MIDDLE + 96, 50, 0);
			for (k = 0; k < 2; k++) {
				rig.cpu[k].si = rig.cpu[k].di - gaps[i];
				execute(insn, &rig.cpu[k]);
				rig.cpu[k].si -= rig.cpu[k].di;
			}
			memcpy(written, rig.memory[0] + rig.offset, sizeof(written));
			end_string(insn->text, insn->width, 50, 0);
			KUNIT_EXPECT_GT_MSG(test, fault_last.data_len, 16, "%s", insn->text);
			KUNIT_EXPECT_TRUE_MSG(test, !memcmp(fault_last.data, written,
							    fault_last.data_len),
					      "%s, %d bytes apart", insn->text, gaps[i]);
		}
	}
}

/* A store that begins before the fenced pages, or ends after them. */
static void a_store_over_an_edge_is_one(struct kunit *test)
{
	unsigned int i, k;

	for (i = 1; i < 16; i++) {
		begin(i < 8 ? PAGE_SIZE - i : SIZE - PAGE_SIZE - (i - 7),
		      0);
		for (k = 0; k < 2; k++)
			execute(&contain_alu[4], &rig.cpu[k]);
		end(contain_alu[4].text, 8, true);
	}
}

static void with_interrupts_off_they_stay_off(struct kunit *test)
{
	unsigned long flags;
	unsigned int i;

	begin(MIDDLE, 0);
	local_irq_save(flags);
	for (i = 0; i < 2; i++)
		rig.cpu[i].flags = begin_flags(0);
	for (i = 0; i < 2; i++)
		execute(&contain_unary[2], &rig.cpu[i]);
	local_irq_restore(flags);
	end(contain_unary[2].text, 4, true);
	KUNIT_EXPECT_FALSE(test, rig.cpu[1].flags & X86_EFLAGS_IF);
}

static bool nmi_wanted;

static int store_in_nmi(unsigned int type, struct pt_regs *regs)
{
	if (!READ_ONCE(nmi_wanted))
		return NMI_DONE;
	rig.cpu[1].flags = begin_flags(0);
	execute(&contain_alu[4], &rig.cpu[1]);
	WRITE_ONCE(nmi_wanted, false);
	return NMI_HANDLED;
}

static void in_an_nmi(struct kunit *test)
{
	unsigned int i;

	KUNIT_ASSERT_EQ(test, 0, register_nmi_handler(NMI_LOCAL, store_in_nmi,
						      0, "pks-contain"));
	begin(MIDDLE, 0);
	execute(&contain_alu[4], &rig.cpu[0]);
	preempt_disable();
	WRITE_ONCE(nmi_wanted, true);
	__apic_send_IPI_mask(cpumask_of(smp_processor_id()), NMI_VECTOR);
	for (i = 0; i < 1000 && READ_ONCE(nmi_wanted); i++)
		mdelay(1);
	preempt_enable();
	KUNIT_EXPECT_FALSE(test, nmi_wanted);
	unregister_nmi_handler(NMI_LOCAL, "pks-contain");
	end(contain_alu[4].text, 8, true);
}

/* The exception table ends the instruction, so there is no oops. */
static void what_is_not_known_is_denied(struct kunit *test)
{
	const struct contain_insn *insn;
	struct registers before;

	for (insn = contain_unknown; insn->text; insn++) {
		begin(MIDDLE, 0);
		before = rig.cpu[0];
		execute(insn, &rig.cpu[1]);
		rig.cpu[0] = before;
		expect_same_cpu(insn->text);
		KUNIT_EXPECT_TRUE(test,
				  !memcmp(rig.memory[1], rig.image, SIZE));
		KUNIT_EXPECT_EQ(test, fault_last.width, 0);
	}
}

static void what_may_not_be_read_is_not(struct kunit *test)
{
	int key = pks_key_alloc(PKS_DENY_ACCESS);
	u64 *secret = (u64 *)get_zeroed_page(GFP_KERNEL);
	static const u8 addq_rcx[15] = { 0x48, 0x01, 0x0f };
	struct pt_regs regs = {
		.ip = (unsigned long)addq_rcx, .cs = __KERNEL_CS,
		.di = (unsigned long)secret,
	};
	struct pmem_pks_domain *domain;
	struct registers cpu = { .cx = 5 };
	struct store what;

	KUNIT_ASSERT_NOT_NULL(test, secret);
	*secret = 42;
	domain = pmem_pks_domain_add("secret", key, secret, PAGE_SIZE);
	KUNIT_ASSERT_FALSE(test, IS_ERR(domain));
	cpu.di = (u64)secret;
	cpu.flags = begin_flags(0);
	execute(&contain_alu[4], &cpu);
	KUNIT_EXPECT_EQ(test, fault_last.width, 0);
	KUNIT_EXPECT_EQ(test, pmem_pks_domain_strays(domain), 1);
	/* So what would have been written is not known. */
	KUNIT_EXPECT_FALSE(test, contain_decode(&regs, regs.di, &what));
	KUNIT_EXPECT_EQ(test, what.width, 8);
	KUNIT_EXPECT_EQ(test, what.data_len, 0);
	memset(&fault_last, 0, sizeof(fault_last));
	cpu.flags = begin_flags(0);
	execute(&contain_moves[5], &cpu);
	KUNIT_EXPECT_EQ(test, fault_last.width, 8);
	KUNIT_EXPECT_EQ(test, pmem_pks_domain_strays(domain), 2);
	pmem_pks_domain_del(domain);
	KUNIT_EXPECT_EQ(test, *secret, 42);
	KUNIT_EXPECT_EQ(test, pks_key_free(key), 0);
	free_page((unsigned long)secret);
}

/* The same page in the direct map. */
static void an_alias_is_fenced_too(struct kunit *test)
{
	int key = pks_key_alloc(PKS_DENY_WRITE);
	u64 *words = vzalloc(PAGE_SIZE);
	struct pmem_pks_domain *domain;
	struct registers cpu = { .cx = 100 };

	KUNIT_ASSERT_NOT_NULL(test, words);
	domain = pmem_pks_domain_add("words", key, words, PAGE_SIZE);
	KUNIT_ASSERT_FALSE(test, IS_ERR(domain));
	cpu.di = (u64)page_address(vmalloc_to_page(words)) + 8;
	cpu.flags = begin_flags(0);
	execute(&contain_moves[5], &cpu);
	KUNIT_EXPECT_EQ(test, fault_last.width, 8);
	KUNIT_EXPECT_EQ(test, pmem_pks_domain_strays(domain), 1);
	cpu.ax = 0x55;
	cpu.flags = begin_flags(0);
	execute(&contain_rep_stos[0], &cpu);
	KUNIT_EXPECT_EQ(test, fault_last.bytes, 100);
	KUNIT_EXPECT_EQ(test, cpu.cx, 0);
	KUNIT_EXPECT_EQ(test, pmem_pks_domain_strays(domain), 2);
	pmem_pks_domain_del(domain);
	KUNIT_EXPECT_NULL(test, memchr_inv(words, 0, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, pks_key_free(key), 0);
	vfree(words);
}

/*
 * Instructions that QEMU does not implement, or that the assembler does not produce,
 * are only decoded. They store to the middle of the fenced pages.
 */
static void others_are_decoded(struct kunit *test)
{
	static const struct {
		const char *name;
		unsigned int width;
		long base;		/* offset of rdi and r13 from the middle */
		u8 bytes[15];
	} insns[] = {
		{ "movdiri %eax, (%rdi)", 4, 0, { 0x0f, 0x38, 0xf9, 0x07 } },
		{ "movdiri %rax, (%rdi)", 8, 0, { 0x48, 0x0f, 0x38, 0xf9, 0x07 } },
		{ "movdir64b (%rsi), %rdi", 64, 0, { 0x66, 0x0f, 0x38, 0xf8, 0x3e } },
		/* The unit of a displacement of one byte is the store's width. */
		{ "vmovdqu64 %zmm3, 128(%rdi)", 64, -128,
		  { 0x62, 0xf1, 0xfe, 0x48, 0x7f, 0x5f, 0x02 } },
		{ "vmovdqu8 %zmm19, 64(%r13)", 64, -64,
		  { 0x62, 0xc1, 0x7f, 0x48, 0x7f, 0x5d, 0x01 } },
		{ "vmovdqu16 %ymm19, 32(%rdi){%k1}", 32, -32,
		  { 0x62, 0xe1, 0xff, 0x29, 0x7f, 0x5f, 0x01 } },
		{ "vmovdqa32 %xmm19, (%rdi)", 16, 0,
		  { 0x62, 0xe1, 0x7d, 0x08, 0x7f, 0x1f } },
		{ "vmovss %xmm19, 4(%rdi)", 4, -4,
		  { 0x62, 0xe1, 0x7e, 0x08, 0x11, 0x5f, 0x01 } },
		{ "vmovntdq %zmm3, (%rdi)", 64, 0,
		  { 0x62, 0xf1, 0x7d, 0x48, 0xe7, 0x1f } },
		{ "vextracti64x4 $1, %zmm3, 32(%rdi)", 32, -32,
		  { 0x62, 0xf3, 0xfd, 0x48, 0x3b, 0x5f, 0x01, 0x01 } },
		/* REX.W has priority over prefix 66, and rep has no meaning. */
		{ "popq (%rdi)", 8, 0, { 0x66, 0x48, 0x8f, 0x07 } },
		{ "popw (%rdi)", 2, 0, { 0xf3, 0x66, 0x8f, 0x07 } },
	};
	const unsigned long place = (unsigned long)rig.memory[1] + MIDDLE;
	u8 store_al[15] = { 0xa2 }, store_rax[15] = { 0x48, 0xa3 };
	/* A load, a comparison, kmovw %k1, (%rdi), xsave. */
	static const u8 none[][15] = {
		{ 0x8b, 0x07 }, { 0x39, 0xc0 },
		{ 0xc5, 0xf8, 0x91, 0x0f }, { 0x0f, 0xae, 0x27 },
	};
	struct pt_regs regs, before = {
		.si = (unsigned long)rig.source, .sp = (unsigned long)rig.source,
	};
	struct store what;
	unsigned int i;

	before.ax = any();
	before.cs = __KERNEL_CS;
	for (i = 0; i < ARRAY_SIZE(insns); i++) {
		before.ip = (unsigned long)insns[i].bytes;
		before.di = place + insns[i].base;
		before.r13 = place + insns[i].base;
		regs = before;
		KUNIT_EXPECT_TRUE_MSG(test, contain_decode(&regs, place, &what),
				      "%s", insns[i].name);
		KUNIT_EXPECT_EQ_MSG(test, what.width, insns[i].width, "%s",
				    insns[i].name);
		KUNIT_EXPECT_TRUE(test, !memcmp(&regs, &before, sizeof(regs)));
		if (i == 2) {
			KUNIT_EXPECT_EQ(test, what.data_len, 64);
			KUNIT_EXPECT_TRUE(test, !memcmp(what.data, rig.source,
							64));
		}
		KUNIT_EXPECT_FALSE_MSG(test,
				       contain_decode(&regs, place - 1, &what),
				       "%s", insns[i].name);
		KUNIT_EXPECT_FALSE_MSG(test,
				       contain_decode(&regs, place +
						      insns[i].width, &what),
				       "%s", insns[i].name);
	}

	memcpy(store_al + 1, &place, sizeof(place));
	memcpy(store_rax + 2, &place, sizeof(place));
	before.di = 0;
	before.ip = (unsigned long)store_al;
	regs = before;
	KUNIT_EXPECT_TRUE(test, contain_store(&regs, place, rig.d.start,
					      rig.d.end, &what));
	KUNIT_EXPECT_EQ(test, what.width, 1);
	KUNIT_EXPECT_EQ(test, what.data[0], (u8)before.ax);
	KUNIT_EXPECT_EQ(test, regs.ip, before.ip + 9);
	before.ip = (unsigned long)store_rax;
	regs = before;
	KUNIT_EXPECT_TRUE(test, contain_store(&regs, place, rig.d.start,
					      rig.d.end, &what));
	KUNIT_EXPECT_EQ(test, what.width, 8);
	KUNIT_EXPECT_TRUE(test, !memcmp(what.data, &before.ax, 8));
	KUNIT_EXPECT_EQ(test, regs.ip, before.ip + 10);

	before.di = place;
	for (i = 0; i < ARRAY_SIZE(none); i++) {
		before.ip = (unsigned long)none[i];
		KUNIT_EXPECT_FALSE_MSG(test,
				       contain_decode(&before, place, &what),
				       "%*ph", 4, none[i]);
	}
}

/* A fault sets RF, so that a breakpoint is not hit again. A string goes on with it. */
static void a_string_goes_on_with_rf(struct kunit *test)
{
	static const u8 rep_stosb[15] = { 0xf3, 0xaa };
	const unsigned long last = (unsigned long)rig.memory[1] + SIZE - PAGE_SIZE - 8;
	struct pt_regs after, before = {
		.ip = (unsigned long)rep_stosb, .cs = __KERNEL_CS, .di = last,
		.flags = begin_flags(X86_EFLAGS_RF),
	};
	unsigned long irq_flags;
	struct store what;
	unsigned int i;

	begin(MIDDLE, 0);
	for (i = 0; i < 2; i++) {
		before.cx = 8 + i;
		after = before;
		local_irq_save(irq_flags);
		if (rig.performed)
			KUNIT_EXPECT_EQ(test, step_perform(&before, last, rig.key,
							   &after, &what),
					STEP_STRING);
		else
			KUNIT_EXPECT_TRUE(test, contain_store(&after, last,
							      rig.d.start,
							      rig.d.end, &what));
		local_irq_restore(irq_flags);
		KUNIT_EXPECT_EQ(test, after.cx, i);
		KUNIT_EXPECT_EQ(test, after.ip - before.ip, i ? 0 : 2);
		KUNIT_EXPECT_EQ(test, after.flags & X86_EFLAGS_RF,
				i ? X86_EFLAGS_RF : 0);
	}
}

/* Stores that both modes perform, each in its way. */
#define CASES_OF_STORES							\
	KUNIT_CASE(moves),						\
	KUNIT_CASE(arithmetic),						\
	KUNIT_CASE(rotations_through_the_carry),			\
	KUNIT_CASE(bits),						\
	KUNIT_CASE(exchanges),						\
	KUNIT_CASE(sse),						\
	KUNIT_CASE(avx),						\
	KUNIT_CASE(avx512),						\
	KUNIT_CASE(stos),						\
	KUNIT_CASE(movs),						\
	KUNIT_CASE(a_source_that_is_overwritten),			\
	KUNIT_CASE(a_string_goes_on_with_rf),				\
	KUNIT_CASE(a_store_over_an_edge_is_one),			\
	KUNIT_CASE(with_interrupts_off_they_stay_off),			\
	KUNIT_CASE(in_an_nmi)

static struct kunit_case contain_cases[] = {
	CASES_OF_STORES,
	KUNIT_CASE(what_is_not_known_is_denied),
	KUNIT_CASE(what_may_not_be_read_is_not),
	KUNIT_CASE(an_alias_is_fenced_too),
	KUNIT_CASE(others_are_decoded),
	{}
};

static void what_is_not_known_is_stepped(struct kunit *test)
{
	const struct contain_insn *insn;

	rig.stepped = true;
	for (insn = contain_unknown; insn->text; insn++) {
		begin(MIDDLE, 0);
		/* On one CPU, as sgdt stores the address of the CPU's own GDT. */
		preempt_disable();
		execute(insn, &rig.cpu[0]);
		execute(insn, &rig.cpu[1]);
		preempt_enable();
		expect_same_cpu(insn->text);
		KUNIT_EXPECT_TRUE(test, !memcmp(rig.memory[1], rig.memory[0],
						SIZE));
		KUNIT_EXPECT_FALSE(test, !memcmp(rig.memory[1], rig.image,
						 SIZE));
	}
}

/* A locked store that crosses a cache line would not be atomic in two parts. */
static void a_split_lock_is_stepped(struct kunit *test)
{
	unsigned int i, k;

	rig.stepped = true;
	for (i = 0; i < 8; i++) {
		begin(MIDDLE + 64 - i, 0);
		for (k = 0; k < 2; k++)
			execute(&contain_exchanges[5], &rig.cpu[k]);
		end(contain_exchanges[5].text, 8, true);
		KUNIT_EXPECT_EQ(test, grant_total() - rig.grants, i ? 1 : 0);
	}
}

/*
 * A CPU with fast strings may fault at an address inside a block, with the registers
 * of the block's begin.
 */
static void an_address_inside_a_block(struct kunit *test)
{
	static const u8 rep_stosb[15] = { 0xf3, 0xaa };
	static const u8 rep_movsq[15] = { 0xf3, 0x48, 0xa5 };
	const unsigned long front = (unsigned long)rig.memory[1] + PAGE_SIZE;
	struct pt_regs regs = {
		.ip = (unsigned long)rep_stosb, .cs = __KERNEL_CS, .ax = 0x77,
		.cx = 100, .di = front + 8, .si = (unsigned long)rig.source,
	};
	const struct pt_regs before = regs;
	unsigned long addr = front + 8 + 63;

	begin(MIDDLE, 0);
	/* In the block's first page; then one byte too far for a block. */
	KUNIT_EXPECT_FALSE(test, step_front(&regs, &addr));
	KUNIT_EXPECT_EQ(test, addr, front + 8);
	addr = front + 8 + 64;
	KUNIT_EXPECT_FALSE(test, step_front(&regs, &addr));
	KUNIT_EXPECT_EQ(test, addr, front + 8 + 64);
	KUNIT_EXPECT_TRUE(test, !memcmp(&regs, &before, sizeof(regs)));

	/* The block begins in a plain page: that part is stored. */
	regs.di = front - 5;
	addr = front + 3;
	KUNIT_EXPECT_TRUE(test, step_front(&regs, &addr));
	KUNIT_EXPECT_EQ(test, regs.di, front);
	KUNIT_EXPECT_EQ(test, regs.cx, 95);
	KUNIT_EXPECT_EQ(test, regs.ip, before.ip);
	KUNIT_EXPECT_NULL(test, memchr_inv((u8 *)front - 5, 0x77, 5));
	KUNIT_EXPECT_TRUE(test, !memcmp((u8 *)front, rig.image + PAGE_SIZE,
					PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, pks_read(), pks_closed);

	/* The element that crosses the edge is left for the next fault. */
	regs = before;
	regs.ip = (unsigned long)rep_movsq;
	regs.di = front - 12;
	addr = front + 20;
	KUNIT_EXPECT_TRUE(test, step_front(&regs, &addr));
	KUNIT_EXPECT_EQ(test, regs.di, front - 4);
	KUNIT_EXPECT_EQ(test, regs.si, before.si + 8);
	KUNIT_EXPECT_EQ(test, regs.cx, 99);
	addr = front;
	KUNIT_EXPECT_FALSE(test, step_front(&regs, &addr));
	KUNIT_EXPECT_EQ(test, addr, front);

	/* The block begins in the other fenced page: that page is first. */
	regs = before;
	regs.di = front + PAGE_SIZE - 5;
	addr = front + PAGE_SIZE + 3;
	KUNIT_EXPECT_FALSE(test, step_front(&regs, &addr));
	KUNIT_EXPECT_EQ(test, addr, regs.di);

	/* Backwards a CPU does not store in blocks. */
	regs = before;
	regs.flags = X86_EFLAGS_DF;
	addr = front + 20;
	KUNIT_EXPECT_FALSE(test, step_front(&regs, &addr));
	KUNIT_EXPECT_EQ(test, addr, front + 20);
}

static struct kunit_case relaxed_cases[] = {
	CASES_OF_STORES,
	KUNIT_CASE(what_is_not_known_is_stepped),
	KUNIT_CASE(a_split_lock_is_stepped),
	KUNIT_CASE(an_address_inside_a_block),
	{}
};

static struct kunit_suite relaxed_suite = {
	.name = "pmem_pks_relaxed",
	.init = rig_init_relaxed,
	.exit = rig_exit,
	.test_cases = relaxed_cases,
};

static struct kunit_suite contain_suite = {
	.name = "pmem_pks_contain",
	.init = rig_init,
	.exit = rig_exit,
	.test_cases = contain_cases,
};

kunit_test_suites(&contain_suite, &relaxed_suite);
