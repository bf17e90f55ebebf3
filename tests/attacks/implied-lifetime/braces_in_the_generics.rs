// SPDX-License-Identifier: Apache-2.0
//~ REX0315
#![no_std]
use core::marker::PhantomData;
pub struct Promise<'b>(PhantomData<&'b ()>);
pub trait Tr<const B: bool> {} impl Tr<true> for u8 {}
fn longer<'a, 'b, U: Tr<{ 2 > 1 }>>(_: &'a Promise<'b>, value: &'b U) -> &'a U { value }
pub fn f() { let _ = longer::<u8>; }
