// SPDX-License-Identifier: Apache-2.0
//~ REX0317
#![no_std]
use core::any::Any as Thing;
pub fn number(value: &dyn Thing) -> bool {
    value.is::<u32>()
}
