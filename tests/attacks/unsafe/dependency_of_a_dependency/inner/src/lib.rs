// SPDX-License-Identifier: Apache-2.0
#![no_std]
#![allow(warnings)]
pub fn peek(address: usize) -> u32 {
    unsafe { *(address as *const u32) }
}
