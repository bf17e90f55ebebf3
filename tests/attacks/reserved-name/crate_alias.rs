// SPDX-License-Identifier: Apache-2.0
//~ REX0321
#![no_std]
extern crate core as rex;
pub fn largest() -> u32 {
    ::rex::cmp::max(1, 2)
}
