// SPDX-License-Identifier: Apache-2.0
//~ REX0315
#![no_std]
use core::marker::PhantomData;
pub struct Promise<'b>(PhantomData<&'b ()>);
pub fn longer<'a, 'b: 'b>(_: &'a Promise<'b>, value: &'b u8) -> &'a u8 {
    value
}
