// SPDX-License-Identifier: GPL-2.0
/*
 * pmem_pks_stray: a stray writer, for the tests and the demonstration. It
 * destroys data. Not installed, and not to be loaded where data matters.
 *
 * /sys/kernel/debug/pmem_pks_stray/
 *   write  "<place> <size> <context> <count> [seed [instruction [spared]]]" does
 *          count stores to random places, aligned to eight, in size bytes from a
 *          place that is an address or <namespace>+<offset>, by an instruction
 *          of the list below (mov8), with an entry in the exception table if it
 *          is to be spared when it is denied, from the context
 *            thread   the thread that writes the file
 *            kthread  a kernel thread on another CPU
 *            softirq  a tasklet
 *            hardirq  an irq_work
 *            ipi      an interrupt from this CPU to another one
 *            nmi      an NMI for each, but not of vectors
 *            breakpoint  the handler of a hardware breakpoint, for each, but not
 *                     of vectors
 *            breakpoint-nmi  an NMI that interrupts such a handler
 *            row      the thread, count of them from place on, in one page, and
 *                     one to the last eight bytes of size; between them comes
 *            row-irq    an irq_work
 *            row-irq-store  one that stores there, too
 *            row-sleep  some us of sleep
 *            row-thread-store  a kernel thread on this CPU that stores there, too
 *            row-fault  a page fault on a user's page
 *            row-late   nothing, until PKRS is what it was before
 *            row-off    nothing, and the row is with interrupts off
 *            string   the thread, as one rep stosb of count bytes at place
 *            smear    the thread, as one rep movsb of count bytes at place, each
 *                     from the one before it
 *          An interrupt of code that uses the vectors stores none of them, and is
 *          repeated.
 *   window "<open> <closed> <ns>" of the last row: whether PKRS was another behind
 *          it than before, whether it was the same again before the last store,
 *          and the time between
 *   done   how many stores the CPU went past, since load
 *   peek   write "<start> <length>", then read the bytes as hexadecimal
 *   leaf   write "<start>", then read level and key of the leaf that maps it
 *   cpus   CR4.PKS and PKRS of each CPU
 *
 * An address is physical, and means its place in the direct map, or the kernel's
 * own, for mappings elsewhere.
 *
 * The parameter occupy=<function> makes it divert that kernel function, so that
 * nobody else can hook it.
 *
 * It uses nothing of pmem_pks, so that it works before and after it as well.
 */
#include <linux/atomic.h>
#include <linux/cpu.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/hw_breakpoint.h>
#include <linux/interrupt.h>
#include <linux/ioport.h>
#include <linux/irq_work.h>
#include <linux/kstrtox.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/perf_event.h>
#include <linux/pfn.h>
#include <linux/prandom.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/smp.h>
#include <linux/uaccess.h>
#include <asm/apic.h>
#include <asm/fpu/api.h>
#include <asm/io.h>
#include <asm/irq_vectors.h>
#include <asm/msr.h>
#include <asm/nmi.h>
#include <asm/pgtable.h>
#include <asm/special_insns.h>

#include "compat.h"
#include "stray_stores.h"

struct stray_job {
	u64 start;
	u64 size;
	unsigned int count;
	u32 seed;
	const struct instruction *instruction;
	bool spared;
	bool done;
	struct completion started;
};

static atomic64_t stray_done;
static u64 peek_start, peek_length, leaf_start;
/* For the contexts that get no argument. One write at a time uses them. */
static struct stray_job *current_job;
static DEFINE_MUTEX(stray_lock);

static const struct instruction {
	const char *name;
	void (*store)(void *place);
	void (*spared)(void *place);
	bool vector;
} instructions[] = {
	{ "mov1", store_mov1, spared_mov1 },
	{ "mov2", store_mov2, spared_mov2 },
	{ "mov4", store_mov4, spared_mov4 },
	{ "mov8", store_mov8, spared_mov8 },
	{ "movnti", store_movnti, spared_movnti },
	{ "or", store_or, spared_or },
	{ "add", store_add, spared_add },
	{ "xchg", store_xchg, spared_xchg },
	{ "xadd", store_xadd, spared_xadd },
	{ "cmpxchg", store_cmpxchg, spared_cmpxchg },
	{ "movs", store_movs, spared_movs },
	{ "stos", store_stos, spared_stos },
	{ "fnstcw", store_fnstcw, spared_fnstcw },
	{ "movups", store_movups, spared_movups, true },
	{ "vmovups", store_vmovups, spared_vmovups, true },
	{ "row1", store_row1 },
	{ "row2", store_row2 },
};

static void *stray_place(u64 addr)
{
	return addr < TASK_SIZE_MAX ? __va(addr) : (void *)addr;
}

static void stray_stores(struct stray_job *job)
{
	const struct instruction *instruction = job->instruction;
	void (*store)(void *place) = job->spared ? instruction->spared :
						   instruction->store;
	struct rnd_state rnd;
	unsigned int i;
	u64 place;

	/* The interrupted code may be using the registers, or about to. */
	if (instruction->vector && !irq_fpu_usable())
		return;
	job->done = true;
	prandom_seed_state(&rnd, job->seed);
	for (i = 0; i < job->count; i++) {
		place = (((u64)prandom_u32_state(&rnd) << 32) |
			 prandom_u32_state(&rnd)) % (job->size / 8);
		if (instruction->vector)
			kernel_fpu_begin();
		store(stray_place(job->start) + place * 8);
		if (instruction->vector)
			kernel_fpu_end();
		atomic64_inc(&stray_done);
		if (in_task() && i % 1024 == 1023)
			cond_resched();
	}
}

static int stray_kthread(void *arg)
{
	struct stray_job *job = arg;

	complete(&job->started);
	stray_stores(job);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 0;
}

static int stray_by_kthread(struct stray_job *job, int cpu)
{
	struct task_struct *task;

	init_completion(&job->started);
	task = kthread_create(stray_kthread, job, "stray");
	if (IS_ERR(task))
		return PTR_ERR(task);
	kthread_bind(task, cpu);
	/* It may be dead before it is stopped. */
	get_task_struct(task);
	wake_up_process(task);
	wait_for_completion(&job->started);
	kthread_stop(task);
	put_task_struct(task);
	return 0;
}

static int stray_from_kthread(struct stray_job *job)
{
	int cpu;

	cpus_read_lock();
	cpu = cpumask_any_but(cpu_online_mask, raw_smp_processor_id());
	cpus_read_unlock();
	return cpu < nr_cpu_ids ? stray_by_kthread(job, cpu) : -ENXIO;
}

static void stray_tasklet(struct tasklet_struct *tasklet)
{
	stray_stores(current_job);
}

static int stray_from_softirq(struct stray_job *job)
{
	struct tasklet_struct tasklet;

	current_job = job;
	tasklet_setup(&tasklet, stray_tasklet);
	tasklet_schedule(&tasklet);
	tasklet_kill(&tasklet);
	return 0;
}

static void stray_irq_work(struct irq_work *work)
{
	stray_stores(current_job);
}

static int stray_from_hardirq(struct stray_job *job)
{
	struct irq_work work = IRQ_WORK_INIT_HARD(stray_irq_work);

	current_job = job;
	irq_work_queue(&work);
	irq_work_sync(&work);
	return 0;
}

static void stray_ipi(void *arg)
{
	stray_stores(arg);
}

static int stray_from_ipi(struct stray_job *job)
{
	int cpu, ret;

	cpus_read_lock();
	cpu = cpumask_any_but(cpu_online_mask, raw_smp_processor_id());
	ret = cpu >= nr_cpu_ids ? -ENXIO :
	      smp_call_function_single(cpu, stray_ipi, job, 1);
	cpus_read_unlock();
	return ret;
}

static int stray_nmi(unsigned int type, struct pt_regs *regs)
{
	if (!current_job)
		return NMI_DONE;
	stray_stores(current_job);
	current_job = NULL;
	return NMI_HANDLED;
}

/* By an NMI to this CPU. Preemption off. */
static void stray_by_nmi(struct stray_job *job)
{
	WRITE_ONCE(current_job, job);
	apic->send_IPI_mask(cpumask_of(smp_processor_id()), NMI_VECTOR);
	while (READ_ONCE(current_job))
		cpu_relax();
}

static int stray_from_nmi(struct stray_job *job)
{
	unsigned int left = job->count;
	int ret;

	if (job->instruction->vector)
		return -EINVAL;
	ret = register_nmi_handler(NMI_LOCAL, stray_nmi, 0, "stray");
	if (ret)
		return ret;
	job->count = 1;
	for (; left; left--, job->seed++) {
		preempt_disable();
		stray_by_nmi(job);
		preempt_enable();
	}
	unregister_nmi_handler(NMI_LOCAL, "stray");
	return 0;
}

/* A write to this hits the breakpoint. */
static u64 watched;
static struct stray_job *watched_job;

static void stray_watched(struct perf_event *event,
			  struct perf_sample_data *data, struct pt_regs *regs)
{
	stray_stores(watched_job);
}

static void stray_watched_nmi(struct perf_event *event,
			      struct perf_sample_data *data,
			      struct pt_regs *regs)
{
	stray_by_nmi(watched_job);
}

static int stray_at_breakpoint(struct stray_job *job,
			       perf_overflow_handler_t handler)
{
	unsigned int left = job->count;
	struct perf_event * __percpu *event;
	struct perf_event_attr attr;

	if (job->instruction->vector)
		return -EINVAL;
	hw_breakpoint_init(&attr);
	attr.bp_addr = (unsigned long)&watched;
	attr.bp_len = HW_BREAKPOINT_LEN_8;
	attr.bp_type = HW_BREAKPOINT_W;
	event = register_wide_hw_breakpoint(&attr, handler, NULL);
	if (IS_ERR((void __force *)event))
		return PTR_ERR((void __force *)event);
	job->count = 1;
	watched_job = job;
	for (; left; left--, job->seed++)
		WRITE_ONCE(watched, left);
	unregister_wide_hw_breakpoint(event);
	return 0;
}

static int stray_from_breakpoint(struct stray_job *job)
{
	return stray_at_breakpoint(job, stray_watched);
}

static int stray_from_breakpoint_nmi(struct stray_job *job)
{
	int ret = register_nmi_handler(NMI_LOCAL, stray_nmi, 0, "stray");

	if (ret)
		return ret;
	ret = stray_at_breakpoint(job, stray_watched_nmi);
	unregister_nmi_handler(NMI_LOCAL, "stray");
	return ret;
}

static int stray_from_thread(struct stray_job *job)
{
	stray_stores(job);
	return 0;
}

static struct {
	bool open;
	bool closed;
	u64 ns;
} stray_window;

static u64 stray_pkrs(void)
{
	u64 pkrs = 0;

	rdmsrl_safe(MSR_IA32_PKRS, &pkrs);
	return pkrs;
}

/* @then: what comes between, and gets the last store, so many times */
static int stray_row_then(struct stray_job *job, unsigned int count,
			  int (*then)(struct stray_job *last))
{
	struct stray_job last = {
		.start = job->start + job->size - 8,
		.size = 8,
		.count = count,
		.instruction = job->instruction,
	};
	u8 *place = stray_place(job->start);
	u64 before = stray_pkrs(), time;
	unsigned int i;
	int ret;

	/* No tick is to come between. */
	if (!irqs_disabled())
		schedule_timeout_uninterruptible(1);
	for (i = 0; i < job->count; i++)
		job->instruction->store(place + i * 8 % PAGE_SIZE);
	time = ktime_get_ns();
	stray_window.open = stray_pkrs() != before;
	ret = then(&last);
	stray_window.ns = ktime_get_ns() - time;
	stray_window.closed = stray_pkrs() == before;
	last.count = 1;
	stray_stores(&last);
	return ret;
}

static int stray_nothing(struct stray_job *last)
{
	return 0;
}

static int stray_row(struct stray_job *job)
{
	return stray_row_then(job, 0, stray_nothing);
}

static int stray_row_off(struct stray_job *job)
{
	int ret;

	local_irq_disable();
	ret = stray_row_then(job, 0, stray_nothing);
	local_irq_enable();
	return ret;
}

static int stray_row_irq(struct stray_job *job)
{
	return stray_row_then(job, 0, stray_from_hardirq);
}

static int stray_row_irq_store(struct stray_job *job)
{
	return stray_row_then(job, 1, stray_from_hardirq);
}

static int stray_here(struct stray_job *last)
{
	return stray_by_kthread(last, raw_smp_processor_id());
}

static int stray_sleep(struct stray_job *last)
{
	usleep_range(10, 20);
	return 0;
}

static int stray_row_sleep(struct stray_job *job)
{
	return stray_row_then(job, 0, stray_sleep);
}

static int stray_row_thread_store(struct stray_job *job)
{
	return stray_row_then(job, 1, stray_here);
}

static int stray_fault(struct stray_job *last)
{
	unsigned long page = vm_mmap(NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, 0);
	int ret;

	if (IS_ERR_VALUE(page))
		return page;
	ret = put_user(1, (int __user *)page);
	vm_munmap(page, PAGE_SIZE);
	return ret;
}

static int stray_row_fault(struct stray_job *job)
{
	return stray_row_then(job, 0, stray_fault);
}

static int stray_wait(struct stray_job *last)
{
	u64 open = stray_pkrs(), end = ktime_get_ns() + NSEC_PER_SEC;

	while (stray_pkrs() == open && ktime_get_ns() < end)
		cpu_relax();
	return 0;
}

static int stray_row_late(struct stray_job *job)
{
	return stray_row_then(job, 0, stray_wait);
}

static int stray_string(struct stray_job *job)
{
	void *dst = stray_place(job->start);
	unsigned long count = min_t(u64, job->count, job->size);

	asm volatile("rep stosb"
		     : "+D" (dst), "+c" (count) : "a" (0x5a) : "memory");
	atomic64_inc(&stray_done);
	return 0;
}

static int stray_smear(struct stray_job *job)
{
	void *dst = stray_place(job->start), *src = dst - 1;
	unsigned long count = min_t(u64, job->count, job->size);

	asm volatile("rep movsb"
		     : "+D" (dst), "+S" (src), "+c" (count) : : "memory");
	atomic64_inc(&stray_done);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(struct stray_job *job);
	bool own;	/* of the thread that writes the file, once */
} contexts[] = {
	{ "thread", stray_from_thread, true },
	{ "kthread", stray_from_kthread },
	{ "softirq", stray_from_softirq },
	{ "hardirq", stray_from_hardirq },
	{ "ipi", stray_from_ipi },
	{ "nmi", stray_from_nmi },
	{ "breakpoint", stray_from_breakpoint },
	{ "breakpoint-nmi", stray_from_breakpoint_nmi },
	{ "row", stray_row, true },
	{ "row-irq", stray_row_irq, true },
	{ "row-irq-store", stray_row_irq_store, true },
	{ "row-sleep", stray_row_sleep, true },
	{ "row-thread-store", stray_row_thread_store, true },
	{ "row-fault", stray_row_fault, true },
	{ "row-late", stray_row_late, true },
	{ "row-off", stray_row_off, true },
	{ "string", stray_string, true },
	{ "smear", stray_smear, true },
};

/*
 * The first of a resource's addresses, by the name that its driver gave it: the
 * namespace's. Without the lock of the resources, which is not exported: nothing
 * but a test runs meanwhile.
 */
static const struct resource *find_resource(const struct resource *res,
					    const char *name)
{
	const struct resource *found = NULL;

	for (; res && !found; res = res->sibling)
		found = res->name && !strcmp(res->name, name) ? res :
			find_resource(res->child, name);
	return found;
}

/* "<address>" or "<namespace>+<offset>" */
static int parse_place(char *text, u64 *place)
{
	char *offset = strchr(text, '+');
	const struct resource *res;

	if (!offset)
		return kstrtou64(text, 0, place);
	*offset++ = '\0';
	res = find_resource(iomem_resource.child, text);
	if (!res)
		return -ENOENT;
	if (kstrtou64(offset, 0, place))
		return -EINVAL;
	*place += res->start;
	return 0;
}

/*
 * No lock is held over the stores of the writing thread itself, and the files
 * have no protection against removal: it may die in here.
 */
static ssize_t stray_write(struct file *file, const char __user *from,
			   size_t len, loff_t *pos)
{
	struct stray_job job = { .seed = 1 };
	char place[48], context[20], instruction[16] = "mov8", spared[8] = "";
	char text[128];
	int i, ret;

	if (len >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, from, len))
		return -EFAULT;
	text[len] = '\0';
	if (sscanf(text, "%47s %lli %19s %u %u %15s %7s", place, &job.size,
		   context, &job.count, &job.seed, instruction, spared) < 4)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(instructions); i++)
		if (!strcmp(instruction, instructions[i].name))
			job.instruction = &instructions[i];
	job.spared = !strcmp(spared, "spared");
	if (!job.instruction || (job.spared && !job.instruction->spared) ||
	    job.spared != !!*spared)
		return -EINVAL;
	ret = parse_place(place, &job.start);
	if (ret)
		return ret;
	if (job.size < 8 || job.start & 7)
		return -EINVAL;

	for (i = 0; i < ARRAY_SIZE(contexts); i++) {
		if (strcmp(context, contexts[i].name))
			continue;
		if (contexts[i].own) {
			ret = contexts[i].run(&job);
		} else {
			mutex_lock(&stray_lock);
			do {
				ret = contexts[i].run(&job);
			} while (!ret && !job.done);
			mutex_unlock(&stray_lock);
		}
		return ret ? ret : len;
	}
	return -EINVAL;
}

static const struct file_operations write_fops = {
	.owner = THIS_MODULE,
	.open = stream_open,
	.write = stray_write,
};

static ssize_t numbers_from_user(const char __user *from, size_t len, u64 *a,
				 u64 *b)
{
	char text[64];

	if (len >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, from, len))
		return -EFAULT;
	text[len] = '\0';
	return sscanf(text, "%lli %lli", a, b) == (b ? 2 : 1) ? len : -EINVAL;
}

static ssize_t peek_write(struct file *file, const char __user *from,
			  size_t len, loff_t *pos)
{
	return numbers_from_user(from, len, &peek_start, &peek_length);
}

static int peek_show(struct seq_file *m, void *unused)
{
	u64 i;

	for (i = 0; i < min_t(u64, peek_length, PAGE_SIZE); i++)
		seq_printf(m, "%02x", *(u8 *)(stray_place(peek_start) + i));
	seq_putc(m, '\n');
	return 0;
}

static ssize_t leaf_write(struct file *file, const char __user *from,
			  size_t len, loff_t *pos)
{
	return numbers_from_user(from, len, &leaf_start, NULL);
}

static int leaf_show(struct seq_file *m, void *unused)
{
	static const char * const names[] = { "none", "4k", "2m", "1g" };
	unsigned int level;
	pte_t *leaf = lookup_address((unsigned long)stray_place(leaf_start),
				     &level);

	if (!leaf || level >= ARRAY_SIZE(names))
		seq_puts(m, "level=none key=0\n");
	else
		seq_printf(m, "level=%s key=%llu\n", names[level],
			   (u64)(pte_flags(*leaf) & _PAGE_PKEY_MASK) >>
			   _PAGE_BIT_PKEY_BIT0);
	return 0;
}

struct cpu_registers {
	unsigned long cr4;
	u64 pkrs;
};

static void read_registers(void *arg)
{
	struct cpu_registers *r = arg;

	r->cr4 = __read_cr4();
	rdmsrl_safe(MSR_IA32_PKRS, &r->pkrs);
}

static int cpus_show(struct seq_file *m, void *unused)
{
	int cpu;

	cpus_read_lock();
	for_each_online_cpu(cpu) {
		struct cpu_registers r = {};

		smp_call_function_single(cpu, read_registers, &r, 1);
		seq_printf(m, "cpu%d cr4.pks=%d pkrs=0x%08llx\n", cpu,
			   !!(r.cr4 & X86_CR4_PKS), r.pkrs);
	}
	cpus_read_unlock();
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(cpus);

static int peek_open(struct inode *inode, struct file *file)
{
	return single_open_size(file, peek_show, NULL, 2 * PAGE_SIZE + 2);
}

static const struct file_operations peek_fops = {
	.owner = THIS_MODULE,
	.open = peek_open,
	.read = seq_read,
	.write = peek_write,
	.llseek = seq_lseek,
	.release = single_release,
};

static int leaf_open(struct inode *inode, struct file *file)
{
	return single_open(file, leaf_show, NULL);
}

static const struct file_operations leaf_fops = {
	.owner = THIS_MODULE,
	.open = leaf_open,
	.read = seq_read,
	.write = leaf_write,
	.llseek = seq_lseek,
	.release = single_release,
};

static int window_show(struct seq_file *m, void *unused)
{
	seq_printf(m, "%d %d %llu\n", stray_window.open, stray_window.closed,
		   stray_window.ns);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(window);

static struct dentry *stray_dir;

static char *occupy;
module_param(occupy, charp, 0400);
MODULE_PARM_DESC(occupy, "a kernel function to keep others from hooking");

static void occupy_callback(unsigned long ip, unsigned long parent_ip,
			    struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
}

static struct ftrace_ops occupy_ops = {
	.func = occupy_callback,
	.flags = FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_IPMODIFY,
};

static int __init stray_occupy(void)
{
	int ret;

	ret = ftrace_set_filter(&occupy_ops, occupy, strlen(occupy), 1);
	return ret ? ret : register_ftrace_function(&occupy_ops);
}

static int __init stray_init(void)
{
	int ret = occupy ? stray_occupy() : 0;

	if (ret) {
		pr_err("pmem_pks_stray: cannot occupy %s (%d)\n", occupy, ret);
		return ret;
	}
	stray_dir = debugfs_create_dir("pmem_pks_stray", NULL);
	debugfs_create_file_unsafe("write", 0200, stray_dir, NULL, &write_fops);
	debugfs_create_u64("done", 0400, stray_dir,
			   (u64 *)&stray_done.counter);
	debugfs_create_file("peek", 0600, stray_dir, NULL, &peek_fops);
	debugfs_create_file("leaf", 0600, stray_dir, NULL, &leaf_fops);
	debugfs_create_file("window", 0400, stray_dir, NULL, &window_fops);
	debugfs_create_file("cpus", 0400, stray_dir, NULL, &cpus_fops);
	return 0;
}

static void __exit stray_exit(void)
{
	debugfs_remove_recursive(stray_dir);
	if (occupy)
		unregister_ftrace_function(&occupy_ops);
}

module_init(stray_init);
module_exit(stray_exit);

MODULE_DESCRIPTION("Writes to pmem that must be caught, for tests");
MODULE_LICENSE("GPL");
