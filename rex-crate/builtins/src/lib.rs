// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! What compiled Rust calls without being asked: memory functions and 128-bit arithmetic.
//!
//! They are part of every object and not imports, because termination rewrites the instruction
//! pointer of program text: it could not stop a copy in the kernel's own memcpy. Hence the rule of
//! this crate: **a function may be abandoned after any of its instructions**. All state is in
//! registers, and the direction flag stays clear (a backward copy is a loop, never `std`).
//!
//! rustc's own compiler-builtins is not used: it sets the direction flag, and brings thousands of
//! floating-point functions that no program may call.

#![cfg_attr(not(test), no_std)]
#![cfg_attr(not(test), no_builtins)]
#![cfg_attr(not(test), feature(compiler_builtins))]
#![cfg_attr(not(test), compiler_builtins)]
#![cfg_attr(not(test), allow(internal_features))]

mod integer;
mod memory;
