// SPDX-License-Identifier: Apache-2.0
//~ REX0315
#![no_std]
use core::marker::PhantomData;
pub struct Promise<'b>(PhantomData<&'b ()>);
pub trait Refers<'b> {
    fn reference(&self) -> &'b u8;
}
pub fn longer<'a, 'b, T: Refers<'b>>(_: &'a Promise<'b>, value: T) -> &'a u8 {
    value.reference()
}
