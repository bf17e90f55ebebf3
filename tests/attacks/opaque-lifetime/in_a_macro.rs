// SPDX-License-Identifier: Apache-2.0
//~ REX0323
#![no_std]
use core::ops::Deref;
macro_rules! define { ($name:ident, $($bound:tt)*) => {
    pub fn $name<I: Iterator + 'static>(_: I, x: I::Item) -> impl Deref<Target = [u8]> + $($bound)* where I::Item: Deref<Target = [u8]> { x }
} }
define!(transfer, 'static);
