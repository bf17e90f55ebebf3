// SPDX-License-Identifier: Apache-2.0
//~ REX0301
#![no_std]
// A lexer that takes '"' for the start of a string sees no code here.
pub fn read(address: *const u64) -> u64 {
    let _quote = '"';
    let value = unsafe { *address };
    let _quote = '"';
    value
}
