// SPDX-License-Identifier: Apache-2.0
#![no_std]
pub fn peek(address: usize) -> i32 {
    unsafe { *(address as *const i32) }
}
