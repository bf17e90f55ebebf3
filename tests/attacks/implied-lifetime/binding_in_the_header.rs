// SPDX-License-Identifier: Apache-2.0
//~ REX0315
#![no_std]
use core::marker::PhantomData;
pub struct Promise<'b>(PhantomData<&'b ()>);
pub struct X<'b, T>(pub &'b (), pub T);
impl<'b, T: Iterator<Item = u8>> X<'b, T> { pub fn longer<'a>(&'a self, value: &'b u8) -> &'a u8 { value } }
