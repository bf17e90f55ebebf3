// SPDX-License-Identifier: Apache-2.0
//~ REX0315
#![no_std]
use core::marker::PhantomData;
pub struct Promise<'b>(PhantomData<&'b ()>);
pub trait Refers {
    type Reference;
}
impl<'b> Refers for Promise<'b> {
    type Reference = &'b u8;
}
impl<'b> Promise<'b> {
    pub fn longer<'a>(&'a self, value: <Self as Refers>::Reference) -> &'a u8 {
        value
    }
}
