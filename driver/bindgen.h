/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rust views of C types, from BTF. Structures become #[repr(C)] structs of integers that have every
 * byte in a field, so that they are plain data for the crate (rex::utils::Plain); nothing of the
 * output is unsafe:
 *   - padding is explicit (_pad_N); pointers are u64; bool is u8; enumerations are integers
 *   - bit-fields lie in byte arrays (_bits_N) with methods NAME() and set_NAME()
 *   - anonymous structs' members are their parent's; an anonymous union is bytes (_union_N) with
 * such methods, unless it only names a group of members (the kernel's struct_group)
 *   - size and offsets are asserted at compile time
 */
#ifndef REXC_DRIVER_BINDGEN_H
#define REXC_DRIVER_BINDGEN_H

struct buffer;
struct diag;

/* Where a kernel shows its BTF. */
#define BINDGEN_KERNEL "/sys/kernel/btf/vmlinux"

/* Appends a Rust module with the named structs, unions, enumerations and typedefs, and what they
 * contain by value. A name may be qualified ("struct task_struct"). types is NULL-terminated;
 * btf_path is a raw BTF file or an ELF file with a section .BTF. */
int bindgen_write(struct diag *diag, const char *btf_path, const char *const *types,
                  struct buffer *out);

#endif
