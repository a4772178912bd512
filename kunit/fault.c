// SPDX-License-Identifier: GPL-2.0
/*
 * fault.c: which faults it handles, and how. grant.c: no memory for a record.
 *
 * The tests store by copy_to_kernel_nofault(): if such a store is denied, it returns
 * an error, where another one would oops.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/set_memory.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <asm/asm.h>
#include <asm/insn.h>
#include <asm/segment.h>
#include <asm/tlbflush.h>
#include <asm/trace/exceptions.h>
#include <asm/trap_pf.h>

#include "internal.h"

struct place {
	struct domain d;
	u64 *words;
	int key;
	u64 value;
};

static struct place place;

static int place_init(struct kunit *test)
{
	memset(&place, 0, sizeof(place));
	place.words = (u64 *)get_zeroed_page(GFP_KERNEL);
	if (!place.words)
		return -ENOMEM;
	place.key = pks_key_alloc(PKS_DENY_WRITE);
	domain_fill(&place.d, "kunit", place.key, (unsigned long)place.words,
		    PAGE_SIZE);
	return domain_add(&place.d) ?: domain_protect(&place.d, true);
}

static void place_exit(struct kunit *test)
{
	WRITE_ONCE(fault_mode, FAULT_RELAXED);
	WRITE_ONCE(grant_starve, false);
	domain_del(&place.d);
	pks_key_free(place.key);
	free_page((unsigned long)place.words);
}

static s64 strays(void)
{
	return atomic64_read(&place.d.stray_writes) +
	       atomic64_read(&place.d.stray_reads);
}

/* Return: 0, or an error if the store was denied. */
static long store(u64 *word)
{
	place.value++;
	return copy_to_kernel_nofault(word, &place.value, sizeof(*word));
}

static void a_stray_write_is_let_through_and_counted(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, store(place.words), 0);
	KUNIT_EXPECT_EQ(test, *place.words, place.value);
	KUNIT_EXPECT_EQ(test, strays(), 1);
	KUNIT_EXPECT_EQ(test, pks_read(), pks_closed);
}

static void strict_denies_and_counts(struct kunit *test)
{
	WRITE_ONCE(fault_mode, FAULT_STRICT);
	KUNIT_EXPECT_LT(test, store(place.words), 0);
	KUNIT_EXPECT_EQ(test, *place.words, 0);
	KUNIT_EXPECT_EQ(test, strays(), 1);
	KUNIT_EXPECT_EQ(test, pks_grant(place.key), 0);
	KUNIT_EXPECT_EQ(test, store(place.words), 0);
	KUNIT_EXPECT_EQ(test, pks_revoke(place.key), 0);
	KUNIT_EXPECT_EQ(test, *place.words, place.value);
	KUNIT_EXPECT_EQ(test, strays(), 1);
}

static void a_granted_write_is_none(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, pks_grant(place.key), 0);
	KUNIT_EXPECT_EQ(test, store(place.words), 0);
	KUNIT_EXPECT_EQ(test, pks_revoke(place.key), 0);
	KUNIT_EXPECT_EQ(test, strays(), 0);
}

static void other_faults_are_not_ours(struct kunit *test)
{
	struct page *page = virt_to_page(place.words);
	u64 *constant = vmap(&page, 1, VM_MAP, PAGE_KERNEL_RO);
	u64 total = report_total();
	u64 value;

	KUNIT_ASSERT_NOT_NULL(test, constant);

	/* An unmapped page, a read-only page, and an unmapped user page. */
	KUNIT_EXPECT_LT(test, store((u64 *)(VMALLOC_END - PAGE_SIZE)), 0);
	KUNIT_EXPECT_LT(test, store(constant), 0);
	KUNIT_EXPECT_EQ(test, *constant, 0);
	KUNIT_EXPECT_NE(test, copy_from_user_nofault(&value,
						     (void __user *)4096,
						     sizeof(value)), 0);
	KUNIT_EXPECT_EQ(test, strays(), 0);
	KUNIT_EXPECT_EQ(test, report_total(), total);
	vunmap(constant);
}

/* A domain's page may also be read-only, or poisoned. A grant does not help then. */
static void other_faults_in_a_domain_are_not_ours(struct kunit *test)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	u64 *constant = page ? vmap(&page, 1, VM_MAP, PAGE_KERNEL_RO) : NULL;
	int key = pks_key_alloc(PKS_DENY_WRITE);
	struct pmem_pks_domain *domain;

	KUNIT_ASSERT_NOT_NULL(test, constant);
	domain = pmem_pks_domain_add("constant", key, constant, PAGE_SIZE);
	KUNIT_ASSERT_FALSE(test, IS_ERR(domain));
	KUNIT_EXPECT_EQ(test, pks_grant(key), 0);
	KUNIT_EXPECT_LT(test, store(constant), 0);
	KUNIT_EXPECT_EQ(test, pks_revoke(key), 0);
	KUNIT_EXPECT_EQ(test, *constant, 0);
	KUNIT_EXPECT_EQ(test, pmem_pks_domain_strays(domain), 0);
	pmem_pks_domain_del(domain);
	KUNIT_EXPECT_EQ(test, pks_key_free(key), 0);
	vunmap(constant);
	__free_page(page);

	page = virt_to_page(place.words);
	KUNIT_EXPECT_EQ(test, pks_grant(place.key), 0);
	KUNIT_EXPECT_EQ(test, set_direct_map_invalid_noflush(page), 0);
	flush_tlb_kernel_range(place.d.start, place.d.end);
	KUNIT_EXPECT_LT(test, store(place.words), 0);
	KUNIT_EXPECT_EQ(test, set_direct_map_default_noflush(page), 0);
	KUNIT_EXPECT_EQ(test, store(place.words), 0);
	KUNIT_EXPECT_EQ(test, pks_revoke(place.key), 0);
	KUNIT_EXPECT_EQ(test, strays(), 0);
}

static void a_key_without_a_domain_is_a_bad_access(struct kunit *test)
{
	unsigned long page = get_zeroed_page(GFP_KERNEL);
	u64 total = report_total();
	int key = pks_key_alloc(PKS_DENY_WRITE);

	KUNIT_ASSERT_NE(test, page, 0);
	KUNIT_EXPECT_EQ(test, pks_set_key(page, page + PAGE_SIZE, key), 0);
	KUNIT_EXPECT_LT(test, store((u64 *)page), 0);
	KUNIT_EXPECT_EQ(test, report_total(), total);
	KUNIT_EXPECT_EQ(test, pks_grant(key), 0);
	KUNIT_EXPECT_EQ(test, store((u64 *)page), 0);
	KUNIT_EXPECT_EQ(test, pks_revoke(key), 0);
	KUNIT_EXPECT_EQ(test, pks_set_key(page, page + PAGE_SIZE, 0), 0);
	KUNIT_EXPECT_EQ(test, pks_key_free(key), 0);
	free_page(page);
}

static void reads_are_caught_where_they_are_denied(struct kunit *test)
{
	struct pmem_pks_domain *secret;
	int key = pks_key_alloc(PKS_DENY_ACCESS);
	u64 *words = vzalloc(PAGE_SIZE);
	u64 value, *alias;

	KUNIT_ASSERT_NOT_NULL(test, words);
	alias = page_address(vmalloc_to_page(words));
	secret = pmem_pks_domain_add("secret", key, words, PAGE_SIZE);
	KUNIT_ASSERT_FALSE(test, IS_ERR(secret));

	KUNIT_EXPECT_EQ(test, 0, copy_from_kernel_nofault(&value, words, 8));
	KUNIT_EXPECT_EQ(test, pmem_pks_domain_strays(secret), 1);
	/* The same page in the direct map. */
	KUNIT_EXPECT_EQ(test, 0, copy_from_kernel_nofault(&value, alias, 8));
	KUNIT_EXPECT_EQ(test, pmem_pks_domain_strays(secret), 2);
	KUNIT_EXPECT_EQ(test, 0, store(alias));
	KUNIT_EXPECT_EQ(test, pmem_pks_domain_strays(secret), 3);
	WRITE_ONCE(fault_mode, FAULT_STRICT);
	KUNIT_EXPECT_NE(test, 0, copy_from_kernel_nofault(&value, words, 8));
	KUNIT_EXPECT_EQ(test, pmem_pks_domain_strays(secret), 4);
	KUNIT_EXPECT_EQ(test, pks_grant(key), 0);
	KUNIT_EXPECT_EQ(test, 0, copy_from_kernel_nofault(&value, words, 8));
	KUNIT_EXPECT_EQ(test, value, place.value);
	KUNIT_EXPECT_EQ(test, pks_revoke(key), 0);
	KUNIT_EXPECT_EQ(test, pmem_pks_domain_strays(secret), 4);

	pmem_pks_domain_del(secret);
	KUNIT_EXPECT_EQ(test, keymap_key((unsigned long)alias), 0);
	KUNIT_EXPECT_EQ(test, pks_key_free(key), 0);
	vfree(words);
}

/* If the kernel handles a fault of this instruction, it goes on after it. */
asm(".pushsection .text\n"
	"fault_test_store: nop\n"
	"fault_test_behind: nop\n"
	_ASM_EXTABLE(fault_test_store, fault_test_behind)
	".popsection\n");

/*
 * Raise a key fault as if the TLB were behind the page tables. An emulated TLB never
 * is.
 * Return: whether the store would be repeated.
 */
static bool tried_again(void *addr)
{
	struct pt_regs regs = { .cs = __KERNEL_CS };
	unsigned long before;

	asm("lea fault_test_store(%%rip), %0" : "=r" (before));
	regs.ip = before;
	preempt_disable();
	symbols_call(symbols_find("bad_area_nosemaphore"), (unsigned long)&regs,
		     X86_PF_PROT | X86_PF_PK | X86_PF_WRITE,
		     (unsigned long)addr, 0);
	preempt_enable();
	return regs.ip == before;
}

/* Expect that a store is repeated, but not for ever. */
static void tried_boundedly(struct kunit *test, void *addr)
{
	int i;

	migrate_disable();
	KUNIT_EXPECT_TRUE(test, tried_again(addr));
	for (i = 0; i < 1000 && tried_again(addr); i++)
		;
	KUNIT_EXPECT_LT(test, i, 1000);
	KUNIT_EXPECT_FALSE(test, tried_again(addr));
	migrate_enable();
}

static void what_the_tlb_alone_denies_is_tried_again(struct kunit *test)
{
	u64 *words = (u64 *)get_zeroed_page(GFP_KERNEL);
	struct page *page = virt_to_page(words);
	u64 *constant = vmap(&page, 1, VM_MAP, PAGE_KERNEL_RO);

	KUNIT_ASSERT_NOT_NULL(test, constant);
	/* A page that has lost its key. */
	tried_boundedly(test, words);
	/* A page that is read-only, whatever its key, and one that is not mapped. */
	KUNIT_EXPECT_FALSE(test, tried_again(constant));
	KUNIT_EXPECT_FALSE(test, tried_again((void *)VMALLOC_END - PAGE_SIZE));
	vunmap(constant);
	free_page((unsigned long)words);

	/* A domain that is no longer protected, and one that is granted. */
	KUNIT_EXPECT_EQ(test, domain_protect(&place.d, false), 0);
	tried_boundedly(test, place.words);
	KUNIT_EXPECT_EQ(test, domain_protect(&place.d, true), 0);
	KUNIT_EXPECT_EQ(test, pks_grant(place.key), 0);
	tried_boundedly(test, place.words);
	KUNIT_EXPECT_EQ(test, pks_revoke(place.key), 0);
	KUNIT_EXPECT_EQ(test, strays(), 0);
}

/* The page gets another key than its domain, which real users do not do. */
static void the_key_on_the_page_is_what_counts(struct kunit *test)
{
	int other = pks_key_alloc(PKS_DENY_WRITE);

	KUNIT_ASSERT_GT(test, other, 0);
	KUNIT_EXPECT_EQ(test, pks_set_key(place.d.start, place.d.end, other), 0);
	KUNIT_EXPECT_EQ(test, pks_grant(place.key), 0);
	KUNIT_EXPECT_EQ(test, store(place.words), 0);
	KUNIT_EXPECT_EQ(test, strays(), 1);
	KUNIT_EXPECT_EQ(test, pks_revoke(place.key), 0);
	KUNIT_EXPECT_EQ(test, pks_grant(other), 0);
	KUNIT_EXPECT_EQ(test, store(place.words), 0);
	KUNIT_EXPECT_EQ(test, strays(), 1);
	KUNIT_EXPECT_EQ(test, pks_revoke(other), 0);
	KUNIT_EXPECT_EQ(test, pks_set_key(place.d.start, place.d.end,
					  place.key), 0);
	KUNIT_EXPECT_EQ(test, pks_key_free(other), 0);
}

static int store_from_thread(void *unused)
{
	long ret = store(place.words);

	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ / 10);
	return ret;
}

static void without_a_record_the_domain_fails_open(struct kunit *test)
{
	u64 total = grant_fail_open_total();
	struct task_struct *task;

	KUNIT_EXPECT_EQ(test, pks_grant(place.key), 0);
	KUNIT_EXPECT_EQ(test, pks_grant(place.key), 0);
	WRITE_ONCE(grant_starve, true);
	msleep(20);
	KUNIT_EXPECT_EQ(test, grant_fail_open_total(), total + 1);
	KUNIT_EXPECT_TRUE(test, pks_is_open(place.key));

	/* Neither this thread nor another one is harmed. */
	KUNIT_EXPECT_EQ(test, store(place.words), 0);
	task = kthread_run(store_from_thread, NULL, "pks-store");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	msleep(20);
	KUNIT_EXPECT_EQ(test, kthread_stop(task), 0);
	KUNIT_EXPECT_EQ(test, strays(), 0);
	WRITE_ONCE(grant_starve, false);

	/* The key can be closed only when the thread has revoked its grants. */
	KUNIT_EXPECT_EQ(test, domain_protect(&place.d, true), -EBUSY);
	KUNIT_EXPECT_EQ(test, pks_revoke(place.key), 0);
	KUNIT_EXPECT_EQ(test, domain_protect(&place.d, true), -EBUSY);
	KUNIT_EXPECT_EQ(test, pks_revoke(place.key), 0);
	KUNIT_EXPECT_EQ(test, pks_revoke(place.key), -EINVAL);
	KUNIT_EXPECT_EQ(test, domain_protect(&place.d, true), 0);
	KUNIT_EXPECT_FALSE(test, pks_is_open(place.key));
	KUNIT_EXPECT_EQ(test, store(place.words), 0);
	KUNIT_EXPECT_EQ(test, strays(), 1);
}

static void without_a_record_a_scope_ends_well(struct kunit *test)
{
	grant_scope_begin(NULL);
	WRITE_ONCE(grant_starve, true);
	msleep(20);
	WRITE_ONCE(grant_starve, false);
	grant_scope_end(NULL);
	KUNIT_EXPECT_EQ(test, pks_read(), pks_closed);
	KUNIT_EXPECT_FALSE(test, grant_is_held(0));
}

/* So an interrupt that ends a window never comes in a change of another grant. */
static void a_grant_ends_the_window_before_it(struct kunit *test)
{
	int other = pks_key_alloc(PKS_DENY_WRITE);
	bool opened;

	KUNIT_ASSERT_GT(test, other, 0);
	local_irq_disable();
	opened = grant_brief_open(place.key);
	KUNIT_EXPECT_EQ(test, pks_grant(other), 0);
	KUNIT_EXPECT_EQ(test, pks_read(), pks_closed & ~PKRS_KEY_MASK(other));
	KUNIT_EXPECT_EQ(test, pks_revoke(other), 0);
	KUNIT_EXPECT_EQ(test, pks_read(), pks_closed);
	opened &= grant_brief_open(place.key);
	KUNIT_EXPECT_EQ(test, pks_grant(place.key), 0);
	KUNIT_EXPECT_EQ(test, pks_revoke(place.key), 0);
	KUNIT_EXPECT_EQ(test, pks_read(), pks_closed);
	local_irq_enable();
	KUNIT_EXPECT_TRUE(test, opened);
	KUNIT_EXPECT_EQ(test, pks_key_free(other), 0);
}

/* A kernel never nests so deep. If it did, the last level would not be shielded. */
static void an_interrupt_without_room_is_counted(struct kunit *test)
{
	u64 total = grant_fail_open_total();
	unsigned int levels = 0;

	KUNIT_EXPECT_EQ(test, pks_grant(place.key), 0);
	local_irq_disable();
	while (levels < 2 * GRANT_LEVELS && grant_push(levels))
		levels++;
	KUNIT_EXPECT_EQ(test, pks_read(), pks_closed);
	KUNIT_EXPECT_EQ(test, levels, GRANT_LEVELS - 1);
	KUNIT_EXPECT_EQ(test, grant_fail_open_total(), total + 1);
	while (levels)
		grant_pop(--levels);
	local_irq_enable();
	KUNIT_EXPECT_EQ(test, store(place.words), 0);
	KUNIT_EXPECT_EQ(test, strays(), 0);
	KUNIT_EXPECT_EQ(test, pks_revoke(place.key), 0);
}

/* As if the other operand of the stepped instruction were on a user's page. */
static void a_step_put_aside_comes_back_whole(struct kunit *test)
{
	struct pt_regs stepped = { .ip = 1 }, fault = {};
	bool aside, ended;

	local_irq_disable();
	/* One repetition only: the step ends though the instruction has not. */
	grant_step(place.key, &stepped, true);
	aside = grant_put_aside(&fault);
	KUNIT_EXPECT_EQ(test, pks_read(), pks_closed);
	grant_take_back(&fault);
	KUNIT_EXPECT_EQ(test, pks_read(), pks_closed & ~PKRS_KEY_MASK(place.key));
	ended = grant_step_done(&stepped);
	KUNIT_EXPECT_EQ(test, pks_read(), pks_closed);
	local_irq_enable();
	KUNIT_EXPECT_TRUE(test, aside);
	KUNIT_EXPECT_TRUE(test, ended);
	KUNIT_EXPECT_FALSE(test, stepped.flags & X86_EFLAGS_TF);
}

/* What an NMI goes by, in the midst of a store that is let through. */
static struct {
	unsigned long page;
	unsigned int faults;
	unsigned int busy;
	bool open;
} midst;

static void midst_fault(void *unused, unsigned long addr, struct pt_regs *regs,
			unsigned long error_code)
{
	if (addr != midst.page)
		return;
	midst.faults++;
	midst.busy = __this_cpu_read(grant_busy);
	midst.open = !(pks_read() & PKRS_KEY_MASK(place.key));
}

/* The page is read-only: so the store faults though the key is open for it. */
static void an_nmi_amid_a_store_is_shielded(struct kunit *test)
{
	/* movq %rax, (%rdi) */
	static const u8 insn[MAX_INSN_SIZE] = { 0x48, 0x89, 0x07 };
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	u64 *constant = page ? vmap(&page, 1, VM_MAP, PAGE_KERNEL_RO) : NULL;
	struct pt_regs regs = {
		.ip = (unsigned long)insn, .di = (unsigned long)constant,
	};
	struct pt_regs after;
	struct store store;
	enum step done;

	KUNIT_ASSERT_NOT_NULL(test, constant);
	memset(&midst, 0, sizeof(midst));
	midst.page = (unsigned long)constant;
	KUNIT_EXPECT_EQ(test, register_trace_page_fault_kernel(midst_fault, NULL), 0);
	local_irq_disable();
	done = step_perform(&regs, regs.di, place.key, &after, &store);
	KUNIT_EXPECT_EQ(test, __this_cpu_read(grant_busy), 0);
	KUNIT_EXPECT_EQ(test, pks_read(), pks_closed);
	local_irq_enable();
	unregister_trace_page_fault_kernel(midst_fault, NULL);
	tracepoint_synchronize_unregister();
	KUNIT_EXPECT_EQ(test, done, STEP_FAULTED);
	KUNIT_EXPECT_EQ(test, midst.faults, 1);
	KUNIT_EXPECT_TRUE(test, midst.open);
	KUNIT_EXPECT_EQ(test, midst.busy, 1);
	vunmap(constant);
	__free_page(page);
}

static struct kunit_case fault_cases[] = {
	KUNIT_CASE(a_stray_write_is_let_through_and_counted),
	KUNIT_CASE(strict_denies_and_counts),
	KUNIT_CASE(a_granted_write_is_none),
	KUNIT_CASE(other_faults_are_not_ours),
	KUNIT_CASE(other_faults_in_a_domain_are_not_ours),
	KUNIT_CASE(a_key_without_a_domain_is_a_bad_access),
	KUNIT_CASE(reads_are_caught_where_they_are_denied),
	KUNIT_CASE(what_the_tlb_alone_denies_is_tried_again),
	KUNIT_CASE(the_key_on_the_page_is_what_counts),
	KUNIT_CASE(without_a_record_the_domain_fails_open),
	KUNIT_CASE(without_a_record_a_scope_ends_well),
	KUNIT_CASE(a_grant_ends_the_window_before_it),
	KUNIT_CASE(an_interrupt_without_room_is_counted),
	KUNIT_CASE(a_step_put_aside_comes_back_whole),
	KUNIT_CASE(an_nmi_amid_a_store_is_shielded),
	{}
};

static struct kunit_suite fault_suite = {
	.name = "pmem_pks_fault",
	.init = place_init,
	.exit = place_exit,
	.test_cases = fault_cases,
};

kunit_test_suite(fault_suite);
