// SPDX-License-Identifier: Apache-2.0
//~ REX0321
#![no_std]
use core::{cmp as rex, mem as memory};
pub fn largest() -> usize {
    rex::max(memory::size_of::<u32>(), 2)
}
