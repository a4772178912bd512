/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Contexts that start with no key open: see shield.c.
 */
#ifndef PMEM_PKS_SHIELD_H
#define PMEM_PKS_SHIELD_H

#include <linux/types.h>

#include "hook.h"

struct pt_regs;

/* The parts of the shield that are left out, as "interrupts, NMIs"; mostly "". */
extern char shield_gaps[];

/* Ways into a context that starts with no key open. */
enum shield_way {
	SHIELD_SWITCH,
	SHIELD_INTERRUPT,
	SHIELD_SOFTIRQ,
	SHIELD_NMI,
	SHIELD_FAULT
};

/* Set when a grant is put aside for a page fault; for the self-test. */
extern bool shield_fault_seen;

int shield_init(bool degrade);
void shield_exit(void);
const struct hook *shield_hook(enum shield_way way);
int shield_show_missing(char *buf);

/* shield_entry.S */
extern const struct hook_trampoline shield_enter_trampoline,
	shield_around_trampoline, shield_irq_trampoline,
	shield_switch_trampoline;
void shield_fault_return(void);
void shield_enter(const unsigned long *args, unsigned long ip);
unsigned long shield_around(const unsigned long *args, unsigned long ip);
void shield_around_exit(unsigned long token, unsigned long ret);
unsigned long shield_irq(const unsigned long *args, unsigned long ip);
void shield_irq_exit(unsigned long token, unsigned long ret);
unsigned long shield_fault_exit(struct pt_regs *regs);

#endif /* PMEM_PKS_SHIELD_H */
