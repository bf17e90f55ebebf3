// SPDX-License-Identifier: Apache-2.0
//~ REX0310
#![no_std]
pub fn half(value: u32) -> u32 {
    (value as r#f32) as u32
}
