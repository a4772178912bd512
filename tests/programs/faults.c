// SPDX-License-Identifier: GPL-2.0
/*
 * faults: take the page faults that user space may take and check that each
 * ends as the kernel promises: SIGSEGV with the right code, EFAULT from a
 * system call, a signal of memory protection keys. Exits 0 when all do.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static sigjmp_buf back;
static atomic_int code;

static void caught(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	code = info->si_code;
	siglongjmp(back, 1);
}

static void faults(const char *what, void *place, int expected)
{
	code = 0;
	if (!sigsetjmp(back, 1)) {
		__atomic_store_n((char *)place, 1, __ATOMIC_SEQ_CST);
		errx(1, "%s: the write is done", what);
	}
	if (code != expected)
		errx(1, "%s: si_code %d, not %d", what, code, expected);
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = caught, .sa_flags = SA_SIGINFO };
	long page = sysconf(_SC_PAGESIZE);
	char *map = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int key, pipes[2], zero;

	if (map == MAP_FAILED || pipe(pipes))
		err(1, "set-up");
	sigaction(SIGSEGV, &action, NULL);

	faults("nothing mapped", (char *)16, SEGV_MAPERR);
	faults("a kernel address", (char *)0xffff888000000000, SEGV_MAPERR);
	mprotect(map, page, PROT_READ);
	faults("read-only", map, SEGV_ACCERR);
	key = pkey_alloc(0, PKEY_DISABLE_WRITE);
	if (key > 0) {
		map[page] = 1;
		if (pkey_mprotect(map + page, page, PROT_READ | PROT_WRITE, key))
			err(1, "pkey_mprotect");
		faults("a user key", map + page, SEGV_PKUERR);
		if (pkey_set(key, 0))
			err(1, "pkey_set");
		map[page] = 2;
	}

	munmap(map + 3 * page, page);
	if (write(pipes[1], map + 3 * page, 16) != -1 || errno != EFAULT)
		errx(1, "write() from a bad pointer: no EFAULT");
	zero = open("/dev/zero", O_RDONLY);
	if (read(zero, map, 8) != -1 || errno != EFAULT)
		errx(1, "read() into a read-only page: no EFAULT");
	if (read(zero, (char *)0xffff888000000000, 8) != -1 || errno != EFAULT)
		errx(1, "read() into a kernel address: no EFAULT");
	puts(key > 0 ? "with user keys" : "without user keys");
	return 0;
}
