// SPDX-License-Identifier: Apache-2.0
//~ REX0311
#![no_std]
use ::{core::{arch::x86_64::_addcarry_u32, hint}};
pub fn sum(a: u32, b: u32) -> u32 {
    let mut sum = 0;
    hint::black_box(_addcarry_u32(0, a, b, &mut sum));
    sum
}
