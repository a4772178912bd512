// SPDX-License-Identifier: GPL-2.0
/*
 * Defines the tracepoints. This is a low layer, as grant.c uses two of them.
 */
#include <linux/module.h>

#include "internal.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/**
 * trace_hold() - take a reference on the module while a tracepoint is in use
 *
 * The kernel warns if a module is removed while a trigger of its tracepoints is set.
 *
 * Context: process context; the tracepoint is about to be enabled.
 * Return: 0, or -ENODEV if the module is being removed.
 */
int trace_hold(void)
{
	return try_module_get(THIS_MODULE) ? 0 : -ENODEV;
}

/**
 * trace_release() - undo trace_hold()
 *
 * Context: process context.
 */
void trace_release(void)
{
	module_put(THIS_MODULE);
}

/**
 * trace_key_granted() - record a grant; out of line, to keep the hot paths short
 * @key: the key
 *
 * Context: any, preemption off.
 */
noinline void trace_key_granted(unsigned int key)
{
	trace_pmem_pks_grant(key);
}

/**
 * trace_key_revoked() - record a revocation
 * @key: the key
 *
 * Context: any, preemption off.
 */
noinline void trace_key_revoked(unsigned int key)
{
	trace_pmem_pks_revoke(key);
}
