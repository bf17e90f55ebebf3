/* SPDX-License-Identifier: Apache-2.0 */
/* BPF_MAP_TYPE_STACK_TRACE (kernel/bpf/stackmap.c). */
#ifndef REXC_RUNTIME_USER_MAP_STACK_TRACE_H
#define REXC_RUNTIME_USER_MAP_STACK_TRACE_H

#include <stddef.h>
#include <stdint.h>

struct map;

/* __bpf_get_stackid() of a stack of count addresses, innermost first: the stack's id, or -EINVAL
 * (flags, or a map of another kind), -EFAULT (nothing is left after what flags skip), -EEXIST (the
 * id is another stack's and BPF_F_REUSE_STACKID is not given), -ENOMEM. */
int64_t stack_trace_id(struct map *map, const uint64_t *addresses, size_t count, uint64_t flags);

#endif
