// SPDX-License-Identifier: Apache-2.0
//~ REX0314
#![no_std]
use core::marker::PhantomData;
pub struct Promise<'b>(PhantomData<&'b ()>);
pub fn f() { let _g: for<#[cfg(all())] 'x> fn(&'static Promise<'static>, &'x u8) -> &'static u8 = |_, _| &1; }
