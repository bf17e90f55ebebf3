// SPDX-License-Identifier: Apache-2.0
//~ REX0310
#![no_std]
pub fn half(value: f32) -> u32 {
    value as u32
}
