// SPDX-License-Identifier: Apache-2.0
//~ REX0315
#![no_std]
use core::marker::PhantomData;
pub struct Promise<'b>(PhantomData<&'b ()>);
fn deduce<F>(function: F) -> F
where
    F: for<'a, 'b> Fn(&'a Promise<'b>, &'b u8) -> &'a u8,
{
    function
}
fn same<'x>(_: &'static Promise<'static>, value: &'x u8) -> &'static u8 {
    if *value == 1 { &1 } else { &2 }
}
pub fn forge(value: &u8) -> &'static u8 {
    let closure = deduce(|_, value| value);
    let function = match value {
        1 => same,
        _ => closure,
    };
    function(&Promise(PhantomData), value)
}
