/* SPDX-License-Identifier: Apache-2.0 */
/* bpf_snprintf()'s formats (bpf_bprintf_prepare() in kernel/trace/bpf_trace.c and
 * kernel/bpf/helpers.c). */
#ifndef REXC_RUNTIME_USER_FORMAT_H
#define REXC_RUNTIME_USER_FORMAT_H

#include <stdint.h>

#define FORMAT_ARGUMENTS_MAX 12 /* MAX_BPRINTF_VARARGS */

/* Formats into text, at most size bytes with the terminating zero. Returns the length that the
 * whole would have, with the terminating zero, or -EINVAL for a format or data_size (bytes of data:
 * 8 an argument) that the kernel refuses. */
int64_t format_bprintf(char *text, uint64_t size, const char *format, const uint64_t *data,
                       uint64_t data_size);

#endif
