/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What stray_stores.S has: stores that stray.c calls, in any context.
 */
#ifndef PMEM_PKS_STRAY_STORES_H
#define PMEM_PKS_STRAY_STORES_H

void store_mov1(void *place);
void spared_mov1(void *place);
void store_mov2(void *place);
void spared_mov2(void *place);
void store_mov4(void *place);
void spared_mov4(void *place);
void store_mov8(void *place);
void spared_mov8(void *place);
void store_movnti(void *place);
void spared_movnti(void *place);
void store_or(void *place);
void spared_or(void *place);
void store_add(void *place);
void spared_add(void *place);
void store_xchg(void *place);
void spared_xchg(void *place);
void store_xadd(void *place);
void spared_xadd(void *place);
void store_cmpxchg(void *place);
void spared_cmpxchg(void *place);
void store_movs(void *place);
void spared_movs(void *place);
void store_stos(void *place);
void spared_stos(void *place);
void store_fnstcw(void *place);
void spared_fnstcw(void *place);
void store_movups(void *place);
void spared_movups(void *place);
void store_vmovups(void *place);
void spared_vmovups(void *place);
void store_row1(void *place);
void store_row2(void *place);

#endif /* PMEM_PKS_STRAY_STORES_H */
