// SPDX-License-Identifier: Apache-2.0
//~ REX0314
#![no_std]
use core::cell::Cell;
use core::marker::PhantomData;
pub struct Way<'a, 'b: 'a>(Cell<Option<&'a u32>>, PhantomData<&'b ()>);
fn longer<'a, 'b>(slot: &Way<'a, 'b>, value: &'b u32) {
    slot.0.set(Some(value))
}
pub fn forge(value: &u32) -> Option<&'static u32> {
    let function: fn(&Way<'static, 'static>, &u32) = longer;
    let slot = Way(Cell::new(None), PhantomData);
    function(&slot, value);
    slot.0.get()
}
