// SPDX-License-Identifier: Apache-2.0
//~ REX0323
#![no_std]
use core::ops::Deref;
pub trait Kept: Deref<Target = [u8]> + 'static {}
impl<T: Deref<Target = [u8]> + 'static> Kept for T {}
pub trait Longer: Kept {}
impl<T: Kept> Longer for T {}
fn transfer<I: Iterator + 'static>(_: I, x: I::Item) -> impl Longer where I::Item: Deref<Target = [u8]> { x }
fn make<'a>(s: &'a [u8]) -> impl Kept + use<'a> {
    transfer(core::iter::from_fn(|| -> Option<&'a [u8]> { None }), s)
}
pub fn forge(n: u8) -> u8 {
    let dangling;
    { let local = [n; 64]; dangling = make(&local); }
    dangling[0]
}
