// SPDX-License-Identifier: Apache-2.0
//~ REX0323
#![no_std]
use core::ops::Deref;
pub trait G<const B: bool> {} impl<T> G<true> for T {}
pub fn transfer<I: Iterator + 'static>(_: I, x: I::Item) -> impl G<{ 2 > 1 }> + Deref<Target = [u8]> + 'static where I::Item: Deref<Target = [u8]> { x }
