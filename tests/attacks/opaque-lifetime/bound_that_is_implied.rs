// SPDX-License-Identifier: Apache-2.0
//~ REX0323
#![no_std]
use core::ops::Deref;
struct P<T: 'static>(core::marker::PhantomData<T>);
fn transfer<I: Iterator>(_: P<I>, _: I, x: I::Item) -> impl Deref<Target = [u8]> + 'static where I::Item: Deref<Target = [u8]> { x }
fn make<'a>(s: &'a [u8]) -> impl Deref<Target = [u8]> + 'static + use<'a> {
    transfer(P(core::marker::PhantomData), core::iter::from_fn(|| -> Option<&'a [u8]> { None }), s)
}
pub fn forge(n: u8) -> u8 {
    let dangling;
    { let local = [n; 64]; dangling = make(&local); }
    dangling[0]
}
