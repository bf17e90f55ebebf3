// SPDX-License-Identifier: Apache-2.0
//~ REX0301
//~ edition 2018
#![no_std]
// Before edition 2021 cr"\" is the name cr and a string that goes on behind \".
macro_rules! skip {
    ($($token:tt)*) => {};
}
skip!(cr"\" , ");
pub fn read(address: *const u64) -> u64 {
    unsafe { *address }
}
skip!(" ");
