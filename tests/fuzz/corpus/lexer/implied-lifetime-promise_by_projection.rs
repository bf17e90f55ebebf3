// SPDX-License-Identifier: Apache-2.0
//~ REX0315
#![no_std]
use core::marker::PhantomData;
pub struct Promise<'b>(PhantomData<&'b ()>);
pub trait Plain {
    type Number;
}
pub struct Pair<'a, 'b: 'a>(PhantomData<(&'a (), &'b ())>);
impl<'a, 'b> Plain for Pair<'a, 'b> {
    type Number = u32;
}
fn longer<'a, 'b>(_: <Pair<'a, 'b> as Plain>::Number, value: &'b u8) -> &'a u8 {
    value
}
pub fn forge(value: &u8) -> &'static u8 {
    let function: fn(u32, &u8) -> &'static u8 = longer;
    function(0, value)
}
