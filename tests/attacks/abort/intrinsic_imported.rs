// SPDX-License-Identifier: Apache-2.0
//~ REX0308
#![no_std]
use core::{intrinsics, mem};
pub fn stop(value: u32) -> ! {
    let _ = mem::size_of_val(&value);
    intrinsics::abort()
}
