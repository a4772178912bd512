// SPDX-License-Identifier: GPL-2.0
/*
 * dies FILE DEVICE: a thread write()s a page to a file from memory of a device, whose
 * page fault is to kill it. The kernel leaves that thread's locks held, so that the
 * process can't end: it stays, and prints "held" when the thread is gone.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096

static int file, device;

static void *writer(void *unused)
{
	char *from = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, device, 0);

	(void)unused;
	if (from == MAP_FAILED || pwrite(file, from, PAGE, 0) != PAGE)
		err(1, "pwrite");
	errx(1, "the write() has returned");
}

static int threads(void)
{
	DIR *folder = opendir("/proc/self/task");
	struct dirent *entry;
	int count = 0;

	while ((entry = readdir(folder)))
		count += entry->d_name[0] != '.';
	closedir(folder);
	return count;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	file = argc == 3 ? open(argv[1], O_RDWR) : -1;
	device = argc == 3 ? open(argv[2], O_RDWR) : -1;
	if (file < 0 || device < 0)
		err(2, "dies FILE DEVICE");
	threads();
	if (pthread_create(&thread, NULL, writer, NULL))
		errx(1, "no thread");
	while (threads() > 1)
		usleep(10000);
	if (write(1, "held\n", 5) != 5)
		return 1;
	for (;;)
		pause();
}
