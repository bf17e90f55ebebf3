/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BPF_MAP_TYPE_PERF_EVENT_ARRAY (kernel/bpf/arraymap.c, kernel/trace/bpf_trace.c), as if user space
 * had opened one BPF_OUTPUT event on every CPU and put it at the CPU's number. Nobody reads the
 * events: each holds PERF_EVENT_ARRAY_BYTES of records, and output then fails as for a full perf
 * buffer.
 */
#ifndef REXC_RUNTIME_USER_MAP_PERF_EVENT_ARRAY_H
#define REXC_RUNTIME_USER_MAP_PERF_EVENT_ARRAY_H

#include <stdint.h>

struct map;

#define PERF_EVENT_ARRAY_BYTES (1u << 20)

/* bpf_perf_event_output() on that CPU: 0, or -EINVAL (flags, or a map of another kind), -E2BIG
 * (index), -ENOENT (no event at that index), -EOPNOTSUPP (another CPU's event), -ENOSPC (full). */
int64_t perf_event_array_output(struct map *map, unsigned cpu, uint64_t flags, const void *data,
                                uint64_t size);

#endif
