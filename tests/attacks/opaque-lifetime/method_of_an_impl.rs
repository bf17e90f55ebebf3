// SPDX-License-Identifier: Apache-2.0
//~ REX0323
#![no_std]
use core::ops::Deref;
pub struct Arg<I: Iterator>(pub I::Item);
impl<I: Iterator + 'static> Arg<I> {
    pub fn out(self) -> impl Deref<Target = [u8]> + 'static where I::Item: Deref<Target = [u8]> { self.0 }
}
