// SPDX-License-Identifier: Apache-2.0
#![no_std]
//! `unsafe` in a comment, or /* unsafe */ nested.
/* unsafe { /* unsafe */ } */
pub const TEXT: &str = "unsafe { }";
pub const RAW: &str = r##"unsafe "# { }"##;
pub const BYTES: &[u8] = b"unsafe";
/// # Unsafe
/// unsafe { *p }
pub fn r#unsafe(unsafe_count: u32) -> u32 {
    unsafe_count
}
pub fn call() -> u32 {
    r#unsafe(1)
}
