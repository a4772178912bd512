// SPDX-License-Identifier: GPL-2.0
/*
 * kcore ADDRESS LENGTH: print bytes of the kernel's memory in hex, as /proc/kcore
 * has them. A physical address means the direct map.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	unsigned long addr, len, start, i;
	unsigned char bytes[256];
	struct elf64_phdr segment;
	struct elf64_hdr header;
	int file, n;

	file = argc == 3 ? open("/proc/kcore", O_RDONLY) : -1;
	if (file < 0)
		err(2, "kcore ADDRESS LENGTH");
	addr = strtoul(argv[1], NULL, 0);
	len = strtoul(argv[2], NULL, 0);
	if (len > sizeof(bytes))
		errx(2, "that is too much");
	if (pread(file, &header, sizeof(header), 0) != sizeof(header))
		err(2, "/proc/kcore");
	for (n = 0; n < header.e_phnum; n++) {
		if (pread(file, &segment, sizeof(segment),
			  header.e_phoff + n * sizeof(segment)) != sizeof(segment))
			err(2, "/proc/kcore");
		start = (long)addr < 0 ? segment.p_vaddr : segment.p_paddr;
		if (segment.p_type != PT_LOAD || start == -1UL ||
		    addr - start >= segment.p_memsz)
			continue;
		if (pread(file, bytes, len, segment.p_offset + addr - start) !=
		    (ssize_t)len)
			err(1, "%#lx", addr);
		for (i = 0; i < len; i++)
			printf("%02x", bytes[i]);
		printf("\n");
		return 0;
	}
	errx(1, "%#lx is in no segment", addr);
}
