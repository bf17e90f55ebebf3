// SPDX-License-Identifier: Apache-2.0
//~ REX0315
#![no_std]
use core::marker::PhantomData;
pub struct Promise<'b>(PhantomData<&'b ()>);
// No function pointer type is written here: the arms make one.
fn longer<'a, 'b, T>(_: &'a Promise<'b>, value: &'b T) -> &'a T {
    value
}
fn same<'x>(_: &'static Promise<'static>, value: &'x u8) -> &'static u8 {
    if *value == 1 { &1 } else { &2 }
}
pub fn forge(value: &u8) -> &'static u8 {
    let function = match value {
        1 => same,
        _ => longer,
    };
    function(&Promise(PhantomData), value)
}
