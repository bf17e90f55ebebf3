// SPDX-License-Identifier: Apache-2.0
//~ REX0314
#![no_std]
use core::marker::PhantomData;
pub struct Promise<'b>(PhantomData<&'b ()>);
fn longer<'a, 'b, T>(_: &'a Promise<'b>, value: &'b T) -> &'a T {
    value
}
pub fn forge<T>(value: &T) -> &'static T {
    let function: fn(&'static Promise<'static>, &T) -> &'static T = longer;
    function(&Promise(PhantomData), value)
}
