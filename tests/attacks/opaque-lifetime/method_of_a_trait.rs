// SPDX-License-Identifier: Apache-2.0
//~ REX0323
#![no_std]
use core::ops::Deref;
pub trait Out: 'static {
    type A: Deref<Target = [u8]>;
    fn out(x: Self::A) -> impl Deref<Target = [u8]> + 'static { x }
}
