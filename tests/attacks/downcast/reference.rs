// SPDX-License-Identifier: Apache-2.0
//~ REX0317
#![no_std]
use core::any::Any;
pub fn number(value: &dyn Any) -> Option<&u32> {
    value.downcast_ref::<u32>()
}
