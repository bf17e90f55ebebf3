// SPDX-License-Identifier: Apache-2.0
//~ REX0321
#![no_std]
extern crate self as again;
pub fn one() -> u32 {
    1
}
pub fn two() -> u32 {
    again::one() + 1
}
