// SPDX-License-Identifier: Apache-2.0
//~ REX0323
#![no_std]
use core::ops::Deref;
pub trait Tr: 'static { type A; }
pub struct W<F>(pub F);
impl<R, F: Fn() -> R + 'static> Tr for W<F> { type A = R; }
fn transfer<T: Tr>(_: T, x: T::A) -> impl Deref<Target = [u8]> + 'static where T::A: Deref<Target = [u8]> { x }
fn make<'a>(s: &'a [u8]) -> impl Deref<Target = [u8]> + 'static + use<'a> {
    let f = W(|| -> &'a [u8] { &[] });
    transfer(f, s)
}
pub fn forge(n: u8) -> u8 {
    let dangling;
    { let local = [n; 64]; dangling = make(&local); }
    dangling[0]
}
