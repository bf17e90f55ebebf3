// SPDX-License-Identifier: Apache-2.0
//~ REX0323
// rust-lang/rust issue 84366: the closure outlives everything, so its item is taken to.
#![no_std]
use core::ops::Deref;
fn transfer<I: Iterator + 'static>(_: I, x: I::Item) -> impl Deref<Target = [u8]> + 'static where I::Item: Deref<Target = [u8]> { x }
fn make<'a>(s: &'a [u8]) -> impl Deref<Target = [u8]> + 'static + use<'a> {
    let f = core::iter::from_fn(|| -> Option<&'a [u8]> { None });
    transfer(f, s)
}
pub fn forge(n: u8) -> u8 {
    let dangling;
    { let local = [n; 64]; dangling = make(&local); }
    dangling[0]
}
