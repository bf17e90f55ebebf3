// SPDX-License-Identifier: Apache-2.0
//~ REX0315
#![no_std]
use core::marker::PhantomData;
pub struct Promise<'b>(PhantomData<&'b ()>);
pub fn longer<'a, 'b>(both: (&'a Promise<'b>, &'b u8)) -> &'a u8 {
    both.1
}
