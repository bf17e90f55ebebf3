// SPDX-License-Identifier: Apache-2.0
//~ REX0321
#![no_std]
extern crate core as r#rex_macros;
pub fn largest() -> u32 {
    rex_macros::cmp::max(1, 2)
}
