// SPDX-License-Identifier: Apache-2.0
//~ REX0315
#![no_std]
use core::marker::PhantomData;
pub struct Promise<'b>(PhantomData<&'b ()>);
pub trait Both<'a, 'b> {}
impl Both<'_, '_> for u8 {}
pub fn outer<'a, 'b>() -> impl Both<'a, 'b> {
    fn longer<'a, 'b>(_: &'a Promise<'b>, value: &'b u8) -> &'a u8 {
        value
    }
    *longer(&Promise(PhantomData), &1)
}
