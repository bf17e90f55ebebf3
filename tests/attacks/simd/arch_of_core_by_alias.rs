// SPDX-License-Identifier: Apache-2.0
//~ REX0311
#![no_std]
use core as base;
use base::arch::x86_64 as instructions;
pub fn swapped(a: i32) -> i32 {
    instructions::_bswap(a)
}
