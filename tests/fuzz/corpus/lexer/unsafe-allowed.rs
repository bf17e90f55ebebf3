// SPDX-License-Identifier: Apache-2.0
//~ REX0301
#![no_std]
#![allow(unsafe_code, warnings)]
#[allow(unsafe_code)]
pub fn read(address: *const u64) -> u64 {
    unsafe { *address }
}
