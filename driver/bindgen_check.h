/* SPDX-License-Identifier: Apache-2.0 */
/* Whether BTF, which libbpf only takes apart, describes types that C could have. */
#ifndef REXC_DRIVER_BINDGEN_CHECK_H
#define REXC_DRIVER_BINDGEN_CHECK_H

#include <stdint.h>

struct btf;

/* Looks at a type and at what it contains by value. Returns NULL, or what is wrong: a type that
 * contains itself, nesting or a number of parts that no C program has, a name that is no C
 * identifier (it would become a part of Rust's text), a type that is not there. */
const char *bindgen_check(const struct btf *btf, uint32_t type);

#endif
