// SPDX-License-Identifier: GPL-2.0
/*
 * fentry FUNCTION [PIN]: attach a BPF program, held_<pid>, to the entry of a
 * kernel function, as tracing tools do, print "held <program's id>", and keep it
 * until standard input ends. With PIN, the program stays at that place of the
 * BPF filesystem, and in no process.
 *
 * By bpf(2) alone. The function's id is its place in the kernel's own types.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char *read_whole(const char *name, size_t *size)
{
	struct stat st;
	size_t done = 0;
	ssize_t got;
	char *bytes;
	int fd = open(name, O_RDONLY);

	if (fd < 0 || fstat(fd, &st))
		err(1, "%s", name);
	bytes = malloc(st.st_size);
	while (bytes && done < (size_t)st.st_size) {
		got = read(fd, bytes + done, st.st_size - done);
		if (got <= 0)
			err(1, "%s", name);
		done += got;
	}
	if (!bytes)
		errx(1, "no memory");
	close(fd);
	*size = done;
	return bytes;
}

/* What follows a type, by its kind. */
static size_t behind(const struct btf_type *type)
{
	unsigned int nr = BTF_INFO_VLEN(type->info);

	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return sizeof(__u32);
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return nr * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return nr * sizeof(struct btf_enum);
	case BTF_KIND_ENUM64:
		return nr * 3 * sizeof(__u32);
	case BTF_KIND_FUNC_PROTO:
		return nr * sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return nr * sizeof(struct btf_var_secinfo);
	default:
		return 0;
	}
}

static unsigned int function_id(const char *function)
{
	size_t size;
	const char *btf = read_whole("/sys/kernel/btf/vmlinux", &size);
	const struct btf_header *header = (const void *)btf;
	const char *types = btf + header->hdr_len + header->type_off;
	const char *names = btf + header->hdr_len + header->str_off;
	const char *at = types;
	unsigned int id;

	for (id = 1; at < types + header->type_len; id++) {
		const struct btf_type *type = (const void *)at;

		if (BTF_INFO_KIND(type->info) == BTF_KIND_FUNC &&
		    !strcmp(names + type->name_off, function))
			return id;
		at += sizeof(*type) + behind(type);
	}
	errx(1, "the kernel's types have no function %s", function);
}

static int bpf(int command, union bpf_attr *attr, unsigned int size)
{
	return syscall(SYS_bpf, command, attr, size);
}

int main(int argc, char **argv)
{
	static char said[65536];
	const struct bpf_insn program[2] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_TRACING,
		.expected_attach_type = BPF_TRACE_FENTRY,
		.insns = (unsigned long)program,
		.insn_cnt = 2,
		.license = (unsigned long)"GPL",
		.log_buf = (unsigned long)said,
		.log_size = sizeof(said),
		.log_level = 1,
	};
	struct bpf_prog_info facts = {};
	union bpf_attr attach = {}, info = {}, pin = {};
	int fd, link;
	char end;

	if (argc < 2 || argc > 3)
		errx(2, "fentry FUNCTION [PIN]");
	load.attach_btf_id = function_id(argv[1]);
	snprintf(load.prog_name, sizeof(load.prog_name), "held_%d", getpid());
	fd = bpf(BPF_PROG_LOAD, &load, sizeof(load));
	if (fd < 0)
		err(1, "the program is refused: %s", said);
	attach.raw_tracepoint.prog_fd = fd;
	link = bpf(BPF_RAW_TRACEPOINT_OPEN, &attach, sizeof(attach));
	if (link < 0)
		err(1, "it can't be attached to %s", argv[1]);
	info.info.bpf_fd = fd;
	info.info.info_len = sizeof(facts);
	info.info.info = (unsigned long)&facts;
	if (bpf(BPF_OBJ_GET_INFO_BY_FD, &info, sizeof(info)))
		err(1, "no id");
	pin.pathname = (unsigned long)argv[2];
	pin.bpf_fd = link;
	if (argc > 2 && bpf(BPF_OBJ_PIN, &pin, sizeof(pin)))
		err(1, "%s", argv[2]);

	printf("held %u\n", facts.id);
	fflush(stdout);
	if (argc > 2)
		return 0;
	while (read(0, &end, 1) > 0)
		;
	return 0;
}
