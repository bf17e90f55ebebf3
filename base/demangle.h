/* SPDX-License-Identifier: Apache-2.0 */
/* Rust symbol names (v0, RFC 2603) for people, by libiberty. */
#ifndef REXC_BASE_DEMANGLE_H
#define REXC_BASE_DEMANGLE_H

/* The demangled name without crate hashes, or a copy of the symbol when it is not mangled. To
 * free(); NULL only when memory ran out. */
char *demangle(const char *symbol);

#endif
