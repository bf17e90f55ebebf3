// SPDX-License-Identifier: Apache-2.0
//~ REX0311
#![no_std]
mod base {
    pub use core::*;
}
use base::arch::*;
pub fn swapped(a: i32) -> i32 {
    x86_64::_bswap(a)
}
