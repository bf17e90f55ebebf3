// SPDX-License-Identifier: Apache-2.0
//~ REX0321
#![no_std]
macro_rules! call {
    ($crate_name:tt) => {
        extern crate $crate_name as again;
    };
}
call!(self);
pub fn one() -> u32 {
    1
}
pub fn two() -> u32 {
    again::one() + 1
}
