// SPDX-License-Identifier: GPL-2.0
/*
 * pinned WAY FILE [DISK]: have the kernel write into a shared mapping of FILE,
 * whose pages it holds meanwhile, in one WAY, and verify each byte:
 *
 *	vm_writev	process_vm_writev()
 *	map_sync	the same, of a mapping by MAP_SYNC
 *	ptrace		PTRACE_POKEDATA
 *	mem		/proc/<pid>/mem
 *	direct		an O_DIRECT read from DISK
 *	fixed		an io_uring read from DISK into a registered buffer
 *	crypto		an AF_ALG cipher's output
 *	vmsplice	the mapping's pages, given to a pipe and spliced to a file
 *
 *	late		an AIO read from DISK, which is held up; meanwhile nobody has
 *			FILE open or mapped
 *
 * and, which print "held", and end when standard input does:
 *
 *	hold		have the file's second page, written before, in a pipe
 *	read		the same as a user who may only read the file, and has not
 *			mapped it writable
 *
 * "late" prints "held" as well, and verifies when standard input ends.
 *
 * The buffer begins and ends in the midst of a page. FILE has 2 MiB at least.
 * DISK is written first. "fixed" pins for long, which files on DAX refuse and
 * device-dax does not.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/aio_abi.h>
#include <linux/if_alg.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE	4096
#define SIZE	(8 * PAGE)
#define MAPPED	(2 << 20)
/* O_DIRECT wants sectors. */
#define SKIP	512
#define LENGTH	(SIZE - 2 * SKIP)

static char *map, *wanted, *source;

static void fill(char *buffer, int seed)
{
	srandom(seed);
	for (int i = 0; i < LENGTH; i++)
		buffer[i] = random();
}

static void by_vm_writev(void)
{
	struct iovec from = { source, LENGTH }, to = { map + SKIP, LENGTH };

	if (process_vm_writev(getpid(), &from, 1, &to, 1, 0) != LENGTH)
		err(1, "process_vm_writev");
}

static void by_ptrace(void)
{
	pid_t child = fork();
	int status;
	long word;

	if (!child) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(0);
	}
	if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
		err(1, "wait");
	for (int i = 0; i < LENGTH; i += sizeof(word)) {
		memcpy(&word, source + i, sizeof(word));
		if (ptrace(PTRACE_POKEDATA, child, map + SKIP + i, word))
			err(1, "PTRACE_POKEDATA");
	}
	ptrace(PTRACE_CONT, child, NULL, NULL);
	waitpid(child, &status, 0);
}

static void by_mem(void)
{
	int mem = open("/proc/self/mem", O_RDWR);

	if (pwrite(mem, source, LENGTH, (off_t)(uintptr_t)map + SKIP) != LENGTH)
		err(1, "/proc/self/mem");
	close(mem);
}

static int disk_with_data(const char *disk)
{
	int fd = open(disk, O_RDWR | O_DIRECT);

	if (fd < 0)
		err(1, "%s", disk);
	if (pwrite(fd, source, LENGTH, 0) != LENGTH)
		err(1, "write %s", disk);
	return fd;
}

static void by_direct(const char *disk)
{
	int fd = disk_with_data(disk);

	if (pread(fd, map + SKIP, LENGTH, 0) != LENGTH)
		err(1, "read %s", disk);
	close(fd);
}

static void by_fixed(const char *disk)
{
	struct iovec buffer = { map + SKIP, LENGTH };
	struct io_uring_params params = {};
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
	char *sq, *cq;
	int ring;

	ring = syscall(__NR_io_uring_setup, 4, &params);
	if (ring < 0)
		err(1, "io_uring_setup");
	if (syscall(__NR_io_uring_register, ring, IORING_REGISTER_BUFFERS,
		    &buffer, 1))
		err(1, "IORING_REGISTER_BUFFERS");
	sq = mmap(NULL, params.sq_off.array + 4 * sizeof(unsigned int),
		  PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	cq = mmap(NULL, params.cq_off.cqes + 8 * sizeof(*cqe),
		  PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_CQ_RING);
	sqe = mmap(NULL, 4 * sizeof(*sqe), PROT_READ | PROT_WRITE, MAP_SHARED,
		   ring, IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || sqe == MAP_FAILED)
		err(1, "mmap of the ring");
	*sqe = (struct io_uring_sqe){
		.opcode = IORING_OP_READ_FIXED,
		.fd = disk_with_data(disk),
		.addr = (uintptr_t)map + SKIP,
		.len = LENGTH,
	};
	((unsigned int *)(sq + params.sq_off.array))[0] = 0;
	__atomic_store_n((unsigned int *)(sq + params.sq_off.tail), 1,
			 __ATOMIC_RELEASE);
	if (syscall(__NR_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS,
		    NULL, 0) != 1)
		err(1, "io_uring_enter");
	cqe = (struct io_uring_cqe *)(cq + params.cq_off.cqes);
	if (cqe->res != LENGTH)
		errx(1, "the ring says %d", cqe->res);
	close(ring);
}

/* Decrypt what was encrypted: the source again. */
static void crypt_to(int type, char *from, char *to)
{
	struct sockaddr_alg alg = {
		.salg_family = AF_ALG,
		.salg_type = "skcipher",
		.salg_name = "ecb(aes)",
	};
	union {
		char space[CMSG_SPACE(sizeof(uint32_t))];
		struct cmsghdr align;
	} control = {};
	struct iovec iov = { from, LENGTH };
	struct msghdr msg = {
		.msg_control = &control,
		.msg_controllen = sizeof(control),
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};
	int cipher = socket(AF_ALG, SOCK_SEQPACKET, 0), op;

	if (cipher < 0 || bind(cipher, (struct sockaddr *)&alg, sizeof(alg)))
		err(1, "ecb(aes)");
	if (setsockopt(cipher, SOL_ALG, ALG_SET_KEY, "sixteen bytes ok", 16))
		err(1, "key");
	op = accept(cipher, NULL, NULL);
	control.align.cmsg_level = SOL_ALG;
	control.align.cmsg_type = ALG_SET_OP;
	control.align.cmsg_len = CMSG_LEN(sizeof(uint32_t));
	memcpy(CMSG_DATA(&control.align), &type, sizeof(uint32_t));
	if (sendmsg(op, &msg, 0) != LENGTH || read(op, to, LENGTH) != LENGTH)
		err(1, "cipher");
	close(op);
	close(cipher);
}

static void by_crypto(void)
{
	char *other = malloc(LENGTH);

	crypt_to(ALG_OP_ENCRYPT, source, other);
	crypt_to(ALG_OP_DECRYPT, other, map + SKIP);
}

static void by_vmsplice(void)
{
	struct iovec iov = { map + SKIP, LENGTH };
	int ends[2], file = memfd_create("spliced", 0);
	char *back = malloc(LENGTH);

	memcpy(map + SKIP, source, LENGTH);
	if (pipe(ends))
		err(1, "pipe");
	if (vmsplice(ends[1], &iov, 1, SPLICE_F_GIFT) != LENGTH)
		err(1, "vmsplice");
	for (ssize_t n, sum = 0; sum < LENGTH; sum += n) {
		n = splice(ends[0], NULL, file, NULL, LENGTH - sum,
			   SPLICE_F_MOVE);
		if (n <= 0)
			err(1, "splice");
	}
	if (pread(file, back, LENGTH, 0) != LENGTH ||
	    memcmp(back, source, LENGTH))
		errx(1, "what was spliced is something else");
}

static void say_held(void)
{
	printf("held\n");
	fflush(stdout);
	while (getchar() != EOF)
		;
}

static void hold(void)
{
	struct iovec page = { map + PAGE, PAGE };
	int ends[2];

	if (pipe(ends) || vmsplice(ends[1], &page, 1, 0) != PAGE)
		err(1, "vmsplice");
	say_held();
}

static void only_read(const char *name)
{
	int file;

	if (setgroups(0, NULL) || setgid(1000) || setuid(1000))
		err(1, "become another user");
	if (open(name, O_RDWR) >= 0)
		errx(1, "%s may be written", name);
	file = open(name, O_RDONLY);
	map = mmap(NULL, MAPPED, PROT_READ, MAP_SHARED, file, 0);
	if (file < 0 || map == MAP_FAILED)
		err(1, "%s", name);
	hold();
}

/* The pages are pinned when the read begins: nothing else is left of the map. */
static void by_late_read(int file, const char *name, const char *disk)
{
	struct iocb read = {
		.aio_lio_opcode = IOCB_CMD_PREAD,
		.aio_fildes = open(disk, O_RDONLY | O_DIRECT),
		.aio_buf = (uintptr_t)map + SKIP,
		.aio_nbytes = LENGTH,
	};
	struct iocb *reads = &read;
	struct io_event event;
	aio_context_t context = 0;

	if (read.aio_fildes == (unsigned int)-1 ||
	    syscall(__NR_io_setup, 1, &context) ||
	    syscall(__NR_io_submit, context, 1, &reads) != 1)
		err(1, "read %s", disk);
	munmap(map, MAPPED);
	close(file);
	say_held();
	if (syscall(__NR_io_getevents, context, 1, 1, &event, NULL) != 1 ||
	    event.res != LENGTH)
		errx(1, "the read says %lld", (long long)event.res);
	file = open(name, O_RDONLY);
	map = mmap(NULL, MAPPED, PROT_READ, MAP_SHARED, file, 0);
	if (map == MAP_FAILED ||
	    pread(read.aio_fildes, source, LENGTH, 0) != LENGTH)
		err(1, "read again");
	memcpy(wanted + SKIP, source, LENGTH);
}

int main(int argc, char **argv)
{
	const char *way = argc > 2 ? argv[1] : "";
	const char *disk = argc > 3 ? argv[3] : "/dev/null";
	int flags = strcmp(way, "map_sync") ? MAP_SHARED :
		    MAP_SHARED_VALIDATE | MAP_SYNC;
	struct stat status;
	int file;

	if (!strcmp(way, "read")) {
		only_read(argv[2]);
		return 0;
	}
	file = argc > 2 ? open(argv[2], O_RDWR) : -1;
	if (file < 0)
		err(1, "usage: pinned WAY FILE [DISK]");
	map = mmap(NULL, MAPPED, PROT_READ | PROT_WRITE, flags, file, 0);
	source = aligned_alloc(PAGE, SIZE);
	wanted = malloc(SIZE);
	if (map == MAP_FAILED || !source || !wanted)
		err(1, "memory");
	memset(map, 0x11, SIZE);
	memset(wanted, 0x11, SIZE);
	fill(source, getpid());
	memcpy(wanted + SKIP, source, LENGTH);

	if (!strcmp(way, "hold")) {
		hold();
		return 0;
	}
	if (!strcmp(way, "vm_writev") || !strcmp(way, "map_sync"))
		by_vm_writev();
	else if (!strcmp(way, "ptrace"))
		by_ptrace();
	else if (!strcmp(way, "mem"))
		by_mem();
	else if (!strcmp(way, "direct"))
		by_direct(disk);
	else if (!strcmp(way, "fixed"))
		by_fixed(disk);
	else if (!strcmp(way, "crypto"))
		by_crypto();
	else if (!strcmp(way, "vmsplice"))
		by_vmsplice();
	else if (!strcmp(way, "late"))
		by_late_read(file, argv[2], disk);
	else
		errx(1, "no way %s", way);
	for (int i = 0; i < SIZE; i++)
		if (map[i] != wanted[i])
			errx(1, "%s: byte %d is %02x, not %02x", way, i,
			     map[i] & 0xff, wanted[i] & 0xff);
	if (!fstat(file, &status) && S_ISREG(status.st_mode) &&
	    msync(map, SIZE, MS_SYNC))
		err(1, "msync");
	return 0;
}
