// SPDX-License-Identifier: Apache-2.0
//~ REX0315
#![no_std]
use core::marker::PhantomData;
pub struct Promise<'b>(PhantomData<&'b ()>);
pub struct X<'b, const B: bool>(pub &'b ());
impl<'b> X<'b, { 2 > 1 }> { pub fn longer<'a>(&'a self, value: &'b u8) -> &'a u8 { value } }
