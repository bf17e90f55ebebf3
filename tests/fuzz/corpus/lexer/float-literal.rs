// SPDX-License-Identifier: Apache-2.0
//~ REX0310
#![no_std]
pub fn half(value: u32) -> u32 {
    (value as u8 as u32) + (0.5 as u32)
}
