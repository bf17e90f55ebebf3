// SPDX-License-Identifier: Apache-2.0
//~ REX0323
#![no_std]
mod inner { pub trait Kept: core::ops::Deref<Target = [u8]> + 'static {} impl<T: core::ops::Deref<Target = [u8]> + 'static> Kept for T {} }
use inner::Kept as Plain;
pub fn transfer<I: Iterator + 'static>(_: I, x: I::Item) -> impl Plain where I::Item: core::ops::Deref<Target = [u8]> { x }
