// SPDX-License-Identifier: GPL-2.0
/*
 * Whether this machine lets the module do its work: its CPU, what is between it and the
 * CPU, the module's file for a kernel, and what that kernel demands of a module's file.
 */
#include <cpuid.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "machine.h"
#include "module.h"
#include "text.h"

/* Intel SDM volume 2, CPUID */
#define CPUID_1_ECX_HYPERVISOR	0x80000000u
#define CPUID_7_ECX_PKS		0x80000000u
#define CPUID_HYPERVISOR	0x40000000u

#define SECURE_BOOT	"/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define HOW_SIGN	"Sign it with a key that this machine trusts: README, Secure Boot."

/* include/linux/module_signature.h: it is the file's end, after the signature. */
#define SIGNATURE_MAGIC	"~Module signature appended~\n"
struct signature {
	unsigned char algo, hash, id_type, signer_len, key_id_len, pad[3], sig_len[4];
};

/* What a hypervisor calls itself, or "" on bare metal. */
static struct text hypervisor_of(void)
{
	static const struct {
		const char *signature;
		const char *name;
	} known[] = {
		{ "KVMKVMKVM", "KVM" },
		{ "TCGTCGTCGTCG", "QEMU's emulation (TCG)" },
		{ "Microsoft Hv", "Hyper-V" },
		{ "VMwareVMware", "VMware" },
		{ "XenVMMXenVMM", "Xen" },
		{ "bhyve bhyve ", "bhyve" },
	};
	unsigned int eax, ebx, ecx, edx, words[3];
	char signature[sizeof(words) + 1] = "";
	size_t i;

	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & CPUID_1_ECX_HYPERVISOR))
		return text_of("");
	__cpuid(CPUID_HYPERVISOR, eax, words[0], words[1], words[2]);
	memcpy(signature, words, sizeof(words));
	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(signature, known[i].signature))
			return text_of(known[i].name);
	return text_of(*signature ? signature : "a hypervisor without a name");
}

/**
 * machine_check_cpu() - say whether the CPU has PKS, and whether a hypervisor passes it
 * @to: who gets the findings
 */
void machine_check_cpu(const struct listener *to)
{
	struct text hypervisor = hypervisor_of();
	unsigned int eax, ebx, ecx, edx;
	bool pks;

	pks = __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ecx & CPUID_7_ECX_PKS);
	if (!*hypervisor.s) {
		if (pks)
			finding_tell(to, FINDING_YES, "cpu", "PKS", NULL, "this CPU has it");
		else
			finding_tell(to, FINDING_NO, "cpu", "PKS",
				     "Take a machine that has it: Intel servers since Sapphire Rapids, clients since Alder Lake.",
				     "MISSING: CPUID.(EAX=7,ECX=0):ECX[31] is 0");
		return;
	}
	if (pks)
		finding_tell(to, FINDING_YES, "cpu", "PKS", NULL, "this guest has it, from %s",
			     hypervisor.s);
	else
		finding_tell(to, FINDING_NO, "cpu", "PKS",
			     "The hypervisor must pass PKS to the guest. KVM passes it on no CPU. QEMU has it with -accel tcg -cpu max.",
			     "MISSING: this is a guest, and %s passes no PKS", hypervisor.s);
}

static bool is_yes(const char *path)
{
	char line[16];

	return text_first_line(path, line, sizeof(line)) && (*line == 'Y' || *line == '1');
}

enum answer { NO, YES, UNKNOWN };

static enum answer check_secure_boot(const struct listener *to)
{
	unsigned char value[5] = { };
	enum answer answer;
	FILE *file;

	/* The attributes, and one byte */
	file = fopen(SECURE_BOOT, "re");
	if (file && fread(value, 1, sizeof(value), file) == sizeof(value))
		answer = value[4] == 1 ? YES : NO;
	else
		answer = access("/sys/firmware/efi", F_OK) ? NO : UNKNOWN;
	if (file)
		fclose(file);
	finding_tell(to, FINDING_NOTE, "boot", "Secure Boot", NULL, "%s",
		     answer == YES ? "on" : answer == NO ? "off" :
		     "can't be told: /sys/firmware/efi/efivars can't be read");
	return answer;
}

/* "none [integrity] confidentiality" */
static enum answer check_lockdown(struct needs_kernel *kernel, const struct listener *to)
{
	bool possible = symtab_has(&kernel->options, "SECURITY_LOCKDOWN_LSM");
	char line[256], *level = NULL;

	if (text_first_line("/sys/kernel/security/lockdown", line, sizeof(line)))
		level = strchr(line, '[');
	if (level) {
		level[strcspn(level, "]")] = '\0';
		level++;
	}
	if (!level && possible) {
		finding_tell(to, FINDING_NOTE, "boot", "lockdown",
			     "mount -t securityfs none /sys/kernel/security",
			     "can't be told: /sys/kernel/security/lockdown can't be read");
		return UNKNOWN;
	}
	finding_tell(to, FINDING_NOTE, "boot", "lockdown", NULL, "%s", text_of(level ?: "none").s);
	return level && strcmp(level, "none") ? YES : NO;
}

/* Whether a kernel takes only a module that is signed with a key that it trusts. */
static enum answer must_be_signed(struct needs_kernel *kernel, bool runs,
				  const struct listener *to)
{
	enum answer secure_boot = check_secure_boot(to), lockdown;

	if (runs) {
		lockdown = check_lockdown(kernel, to);
		return is_yes("/sys/module/module/parameters/sig_enforce") ? YES : lockdown;
	}
	if (symtab_has(&kernel->options, "MODULE_SIG_FORCE") ||
	    symtab_has(&kernel->options, "LOCK_DOWN_KERNEL_FORCE_INTEGRITY") ||
	    symtab_has(&kernel->options, "LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY"))
		return YES;
	/* That option is the distributions' */
	return symtab_has(&kernel->options, "LOCK_DOWN_IN_EFI_SECURE_BOOT") ? secure_boot : NO;
}

/* Where the signature of a module's file begins, and its length; or 0. */
static size_t signature_of(const struct bytes *file, size_t *at)
{
	const size_t magic = sizeof(SIGNATURE_MAGIC) - 1;
	struct signature signature;
	size_t len, end;

	if (file->len < magic + sizeof(signature) ||
	    memcmp(file->at + file->len - magic, SIGNATURE_MAGIC, magic))
		return 0;
	end = file->len - magic - sizeof(signature);
	memcpy(&signature, file->at + end, sizeof(signature));
	len = (size_t)signature.sig_len[0] << 24 | signature.sig_len[1] << 16 |
		signature.sig_len[2] << 8 | signature.sig_len[3];
	if (len > end)
		return 0;
	*at = end - len;
	return len;
}

/* The signer's common name, the last one in a signature of the form PKCS#7. */
static struct text signer_of(const struct bytes *file, size_t at, size_t len)
{
	static const unsigned char common_name[] = { 0x06, 0x03, 0x55, 0x04, 0x03 };
	const unsigned char *end = file->at + at + len, *hit = file->at + at, *last = NULL;
	char name[128] = "an unknown key";

	while ((hit = memmem(hit, end - hit, common_name, sizeof(common_name))))
		last = hit += sizeof(common_name);
	/* A tag, a length, and the name */
	if (last && end - last > 2 && last[1] < sizeof(name) && end - last - 2 >= last[1])
		snprintf(name, sizeof(name), "%.*s", last[1], last + 2);
	return text_of(name);
}

/* The release that a module's file was built for, or "". */
static struct text release_of(const struct bytes *file)
{
	static const char key[] = "vermagic=";
	const unsigned char *hit, *end = file->at + file->len;
	char release[128] = "";
	size_t i;

	hit = memmem(file->at, file->len, key, sizeof(key) - 1);
	if (!hit)
		return text_of("");
	hit += sizeof(key) - 1;
	for (i = 0; i < sizeof(release) - 1 && hit + i < end && hit[i] > ' '; i++)
		release[i] = hit[i];
	return text_of(release);
}

static void check_signature(const struct bytes *file, enum answer required,
			    const struct listener *to)
{
	size_t at, len = signature_of(file, &at);
	struct text signer = len ? signer_of(file, at, len) : text_of("");

	if (required == NO)
		finding_tell(to, FINDING_YES, "module", "signature", NULL, len ?
			     "signed by %s; this kernel takes any" :
			     "none; this kernel needs none", signer.s);
	else if (len)
		finding_tell(to, FINDING_UNKNOWN, "module", "signature",
			     "mokutil --test-key says whether the machine trusts its certificate: README, Secure Boot.",
			     "signed by %s: whether the kernel trusts that key shows when it loads it",
			     signer.s);
	else if (required == YES)
		finding_tell(to, FINDING_NO, "module", "signature", HOW_SIGN,
			     "MISSING: this kernel takes only signed modules");
	else
		finding_tell(to, FINDING_UNKNOWN, "module", "signature", HOW_SIGN,
			     "none, and whether this kernel needs one can't be told");
}

static void check_file(const char *path, const char *release, enum answer must_sign,
		       const struct listener *to)
{
	struct text built_for;
	struct bytes file;
	char how[384];
	int ret;

	snprintf(how, sizeof(how),
		 "With DKMS: install linux-headers-%.64s. Else, in the module's source: make KVER=%.64s && make modules_install KVER=%.64s",
		 text_of(release).s, text_of(release).s, text_of(release).s);
	if (!path) {
		finding_tell(to, FINDING_NO, "module", "pmem_pks", how,
			     "MISSING: it is not installed for the kernel %s",
			     text_of(release).s);
		return;
	}
	ret = bytes_of_file(path, &file);
	if (ret) {
		finding_tell(to, FINDING_UNKNOWN, "module", "pmem_pks", NULL, "%s: %s",
			     text_of(path).s, needs_error(ret));
		return;
	}
	built_for = release_of(&file);
	if (strcmp(built_for.s, text_of(release).s))
		finding_tell(to, FINDING_NO, "module", "pmem_pks", how,
			     "WRONG: %s was built for the kernel %s", text_of(path).s,
			     *built_for.s ? built_for.s : "of no known release");
	else
		finding_tell(to, FINDING_YES, "module", "pmem_pks", NULL, "installed: %s",
			     text_of(path).s);
	check_signature(&file, must_sign, to);
	bytes_free(&file);
}

/**
 * machine_check_module() - say whether a kernel would load the module
 * @kernel: the kernel
 * @release: its release
 * @runs: whether it is the one that runs
 * @to: who gets the findings
 */
void machine_check_module(struct needs_kernel *kernel, const char *release, bool runs,
			  const struct listener *to)
{
	enum answer must_sign = must_be_signed(kernel, runs, to);
	char version[64] = "unknown", *path;

	if (runs && module_is_loaded()) {
		text_first_line("/sys/module/pmem_pks/version", version, sizeof(version));
		finding_tell(to, FINDING_YES, "module", "pmem_pks", NULL, "loaded, version %s",
			     text_of(version).s);
		return;
	}
	if (runs && is_yes("/proc/sys/kernel/modules_disabled"))
		finding_tell(to, FINDING_NO, "boot", "kernel.modules_disabled",
			     "Reboot, and load the module before that is set.",
			     "SET: no module can be loaded until the next boot");
	path = kernel->modules ? needs_find_module(kernel->modules, "pmem_pks") : NULL;
	check_file(path, release, must_sign, to);
	free(path);
}
