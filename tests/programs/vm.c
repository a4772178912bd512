// SPDX-License-Identifier: GPL-2.0
/*
 * vm DEVICE ROUNDS [clock]: run a KVM guest whose memory is a mapping of DEVICE
 * (device-dax), with two CPUs, which write all of it: by stores of their own,
 * and by port input that KVM's emulator stores for them. After each round the
 * next MiB of DEVICE becomes the guest's memory. Checks what the guest wrote,
 * and at last all of it through a new mapping. With "clock" the guest has KVM
 * keep its clock in that memory too. Exits 0 when all is as written.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define MEMORY	0x100000UL
#define CODE	0x1000
/* Where CPU n's clock is. */
#define CLOCK(n)	(0x2000 + 0x100 * (n))
/* Each CPU writes these 64 KiB segments, the last by port input. */
#define FIRST(n)	(0x1000 + 0x4000 * (n))
#define SEGMENTS	4
#define STEP		0x9e37
#define DONE_PORT	0x10
#define INPUT_PORT	0x20

/*
 * Real mode. The host sets bx: first segment, dx: the one that input goes to,
 * si: first value, edi: where KVM is to put the clock, or 0.
 */
asm(".pushsection .rodata\n"
	".code16\n"
	"guest:\n"
	"	test	%edi, %edi\n"
	"	jz	1f\n"
	"	push	%dx\n"
	"	mov	$0x4b564d01, %ecx\n"	/* MSR_KVM_SYSTEM_TIME_NEW */
	"	mov	%edi, %eax\n"
	"	or	$1, %eax\n"
	"	xor	%edx, %edx\n"
	"	wrmsr\n"
	"	pop	%dx\n"
	"1:	mov	%bx, %es\n"
	"	xor	%di, %di\n"
	"	mov	$0x8000, %cx\n"
	"2:	mov	%si, %ax\n"
	"	stosw\n"
	"	add	$0x9e37, %si\n"
	"	loop	2b\n"
	"	add	$0x1000, %bx\n"
	"	cmp	%dx, %bx\n"
	"	jb	1b\n"
	"	mov	%dx, %es\n"
	"	xor	%di, %di\n"
	"	mov	$0x20, %dx\n"
	"	mov	$0xffff, %cx\n"
	"	rep insb\n"
	"	insb\n"
	"	out	%al, $0x10\n"
	"	hlt\n"
	"guest_end:\n"
	".code64\n"
	".popsection\n");

struct cpu {
	int number, fd, clock;
	struct kvm_run *run;
	__u16 seed;
	unsigned char input;
	pthread_t thread;
};

static int vm;

static void *one_round(void *arg)
{
	struct cpu *cpu = arg;
	struct kvm_regs regs = {
		.rip = CODE, .rflags = 2,
		.rsp = 0x4000 + 0x1000 * cpu->number,
		.rbx = FIRST(cpu->number),
		.rdx = FIRST(cpu->number) + 0x1000 * (SEGMENTS - 1),
		.rsi = cpu->seed,
		.rdi = cpu->clock ? CLOCK(cpu->number) : 0,
	};
	struct kvm_run *run = cpu->run;

	if (ioctl(cpu->fd, KVM_SET_REGS, &regs))
		err(1, "KVM_SET_REGS");
	for (;;) {
		unsigned char *data;

		if (ioctl(cpu->fd, KVM_RUN, 0))
			err(1, "KVM_RUN");
		if (run->exit_reason != KVM_EXIT_IO)
			errx(1, "the guest exits for reason %u", run->exit_reason);
		data = (unsigned char *)run + run->io.data_offset;
		if (run->io.port == DONE_PORT)
			return NULL;
		if (run->io.port != INPUT_PORT || run->io.direction != KVM_EXIT_IO_IN)
			errx(1, "the guest uses port %u", run->io.port);
		for (__u32 i = 0; i < run->io.count; i++)
			data[i] = cpu->input++;
	}
}

static void create_cpu(struct cpu *cpu, int number, int kvm, int clock)
{
	struct kvm_sregs sregs;
	int size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

	cpu->number = number;
	cpu->clock = clock;
	cpu->fd = ioctl(vm, KVM_CREATE_VCPU, number);
	if (size < 0 || cpu->fd < 0)
		err(1, "KVM_CREATE_VCPU");
	cpu->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, cpu->fd, 0);
	if (cpu->run == MAP_FAILED || ioctl(cpu->fd, KVM_GET_SREGS, &sregs))
		err(1, "CPU %d", number);
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	if (ioctl(cpu->fd, KVM_SET_SREGS, &sregs))
		err(1, "KVM_SET_SREGS");
}

static void place_code(unsigned char *memory)
{
	const unsigned char *start, *end;

	asm("lea guest(%%rip), %0\n\tlea guest_end(%%rip), %1" :
	    "=r" (start), "=r" (end));
	memcpy(memory + CODE, start, end - start);
}

/* The guest's memory is this, or nothing */
static void set_memory(void *place)
{
	struct kvm_userspace_memory_region region = {
		.memory_size = place ? MEMORY : 0,
		.userspace_addr = (unsigned long)place,
	};

	if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region))
		err(1, "KVM_SET_USER_MEMORY_REGION");
}

static __u16 seed_of(int round, int cpu)
{
	return 1 + 77 * round + 31 * cpu;
}

static void check(const unsigned char *memory, int round, int cpu)
{
	const unsigned char *place = memory + FIRST(cpu) * 16UL;
	__u16 want = seed_of(round, cpu), got;

	for (long i = 0; i < 0x8000L * (SEGMENTS - 1); i++, want += STEP) {
		memcpy(&got, place + 2 * i, 2);
		if (got != want)
			errx(1, "round %d, CPU %d: word %ld is %x, not %x",
			     round, cpu, i, got, want);
	}
	place += 0x10000L * (SEGMENTS - 1);
	for (long i = 0; i < 0x10000; i++)
		if (place[i] != (unsigned char)(round + i))
			errx(1, "round %d, CPU %d: byte %ld of the input is %x",
			     round, cpu, i, place[i]);
}

int main(int argc, char **argv)
{
	int kvm = open("/dev/kvm", O_RDWR), fd, rounds, clock;
	unsigned char *memory;
	struct cpu cpus[2] = {};
	unsigned long size;

	if (argc < 3)
		errx(2, "vm DEVICE ROUNDS [clock]");
	rounds = atoi(argv[2]);
	clock = argc > 3;
	/* What device-dax maps is whole 2 MiB pages. */
	size = (rounds + 1) / 2 * 2 * MEMORY;
	fd = open(argv[1], O_RDWR);
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (kvm < 0 || fd < 0 || memory == MAP_FAILED)
		err(1, "/dev/kvm or %s", argv[1]);
	memset(memory, 0x5a, size);
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0)
		err(1, "KVM_CREATE_VM");
	for (int n = 0; n < 2; n++)
		create_cpu(&cpus[n], n, kvm, clock);

	for (int round = 0; round < rounds; round++) {
		unsigned char *place = memory + round * MEMORY;

		place_code(place);
		if (round)
			set_memory(NULL);
		set_memory(place);
		for (int n = 0; n < 2; n++) {
			cpus[n].seed = seed_of(round, n);
			cpus[n].input = round;
			if (pthread_create(&cpus[n].thread, NULL, one_round, &cpus[n]))
				errx(1, "no thread");
		}
		for (int n = 0; n < 2; n++) {
			pthread_join(cpus[n].thread, NULL);
			check(place, round, n);
			/* The version of the clock, which KVM counts up. */
			if (clock && (place[CLOCK(n)] == 0x5a || place[CLOCK(n)] & 1))
				errx(1, "CPU %d has no clock", n);
		}
	}

	munmap(memory, size);
	memory = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		err(1, "mmap");
	for (int round = 0; round < rounds; round++)
		for (int n = 0; n < 2; n++)
			check(memory + round * MEMORY, round, n);
	return 0;
}
