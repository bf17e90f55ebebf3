// SPDX-License-Identifier: Apache-2.0
//~ REX0315
#![no_std]
use core::marker::PhantomData;
pub struct Promise<'b>(PhantomData<&'b ()>);
pub struct R<'a, const B: bool>(&'a u8);
pub trait Get<const B: bool> { type R<'a>; fn r<'a>(x: &'a u8) -> Self::R<'a>; } impl Get<true> for u8 { type R<'a> = &'a u8; fn r<'a>(x: &'a u8) -> &'a u8 { x } }
fn longer<'a, 'b>(_: &'a Promise<'b>, value: &'b u8) -> <u8 as Get<{ 2 > 1 }>>::R<'a> { value }
fn same<'x>(_: &'static Promise<'static>, value: &'x u8) -> &'static u8 { if *value == 1 { &1 } else { &2 } }
pub fn forge(value: &u8) -> &'static u8 { let f = match value { 1 => same, _ => longer }; f(&Promise(PhantomData), value) }
