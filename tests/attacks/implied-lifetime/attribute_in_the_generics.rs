// SPDX-License-Identifier: Apache-2.0
//~ REX0315
#![no_std]
use core::marker::PhantomData;
pub struct Promise<'b>(PhantomData<&'b ()>);
fn longer<#[cfg(all())] 'a, #[cfg(all())] 'b>(_: &'a Promise<'b>, value: &'b u8) -> &'a u8 { value }
fn same<'x>(_: &'static Promise<'static>, value: &'x u8) -> &'static u8 { if *value == 1 { &1 } else { &2 } }
pub fn forge(value: &u8) -> &'static u8 { let f = match value { 1 => same, _ => longer }; f(&Promise(PhantomData), value) }
