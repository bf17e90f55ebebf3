// SPDX-License-Identifier: Apache-2.0
//~ REX0323
#![no_std]
use core::ops::Deref;
pub fn transfer<#[cfg(all())] I: Iterator + 'static>(_: I, x: I::Item) -> impl Deref<Target = [u8]> + 'static where I::Item: Deref<Target = [u8]> { x }
