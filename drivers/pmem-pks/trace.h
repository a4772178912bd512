/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tracepoints: /sys/kernel/tracing/events/pmem_pks/. As with other tracepoints,
 * their records contain addresses of code. Only root may read tracefs and perf's raw
 * records, unless root permits it to others.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM pmem_pks

#if !defined(PMEM_PKS_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define PMEM_PKS_TRACE_H

#include <linux/tracepoint.h>

#include "record.h"

/* User space reads these in the format files, and needs their numbers there. */
TRACE_DEFINE_ENUM(STRAY_THREAD);
TRACE_DEFINE_ENUM(STRAY_SOFTIRQ);
TRACE_DEFINE_ENUM(STRAY_HARDIRQ);
TRACE_DEFINE_ENUM(STRAY_NMI);
TRACE_DEFINE_ENUM(FAULT_RELAXED);
TRACE_DEFINE_ENUM(FAULT_CONTAIN);
TRACE_DEFINE_ENUM(FAULT_STRICT);
TRACE_DEFINE_ENUM(FAULT_PANIC);

TRACE_EVENT_FN(stray_access,

	TP_PROTO(const struct stray *stray),

	TP_ARGS(stray),

	TP_STRUCT__entry(
		__array(char, domain, DOMAIN_NAME_LEN)
		__field(unsigned long, offset)
		__field(unsigned long, ip)
		__field(unsigned int, width)
		__field(u64, bytes)
		__field(bool, read)
		__field(unsigned int, mode)
		__field(unsigned int, context)
	),

	TP_fast_assign(
		memcpy(__entry->domain, stray->domain, DOMAIN_NAME_LEN);
		__entry->offset = stray->offset;
		__entry->ip = stray->ip;
		__entry->width = stray->store.width;
		__entry->bytes = stray->store.bytes;
		__entry->read = stray->read;
		__entry->mode = stray->mode;
		__entry->context = stray->context;
	),

	TP_printk("%s %s+0x%lx by %pS, width %u, bytes %llu, %s, %s",
		  __entry->read ? "read of" : "write to", __entry->domain,
		  __entry->offset, (void *)__entry->ip, __entry->width,
		  __entry->bytes,
		  __print_symbolic(__entry->context,
				   { STRAY_THREAD, "thread" },
				   { STRAY_SOFTIRQ, "softirq" },
				   { STRAY_HARDIRQ, "hardirq" },
				   { STRAY_NMI, "nmi" }),
		  __print_symbolic(__entry->mode, { FAULT_RELAXED, "relaxed" },
				   { FAULT_CONTAIN, "contain" },
				   { FAULT_STRICT, "strict" },
				   { FAULT_PANIC, "panic" })),

	trace_hold, trace_release
);

TRACE_EVENT_FN(pinned_write,

	TP_PROTO(const char *domain, unsigned long offset, unsigned long ip),

	TP_ARGS(domain, offset, ip),

	TP_STRUCT__entry(
		__array(char, domain, DOMAIN_NAME_LEN)
		__field(unsigned long, offset)
		__field(unsigned long, ip)
	),

	TP_fast_assign(
		memcpy(__entry->domain, domain, DOMAIN_NAME_LEN);
		__entry->offset = offset;
		__entry->ip = ip;
	),

	TP_printk("%s+0x%lx by %pS", __entry->domain, __entry->offset,
		  (void *)__entry->ip),

	trace_hold, trace_release
);

DECLARE_EVENT_CLASS(pmem_pks_key,

	TP_PROTO(unsigned int key),

	TP_ARGS(key),

	TP_STRUCT__entry(
		__field(unsigned int, key)
	),

	TP_fast_assign(
		__entry->key = key;
	),

	TP_printk("key=%u", __entry->key)
);

DEFINE_EVENT_FN(pmem_pks_key, pmem_pks_grant,
	TP_PROTO(unsigned int key),
	TP_ARGS(key),
	trace_hold, trace_release
);

DEFINE_EVENT_FN(pmem_pks_key, pmem_pks_revoke,
	TP_PROTO(unsigned int key),
	TP_ARGS(key),
	trace_hold, trace_release
);

#endif /* PMEM_PKS_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
