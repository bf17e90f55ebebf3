// SPDX-License-Identifier: Apache-2.0
//~ REX0314
#![no_std]
use core::cell::Cell;
use core::marker::PhantomData;
pub struct Way<'a, 'b>(Cell<Option<&'a u32>>, PhantomData<fn(&'a (), &'b ())>);
pub struct Pair<'a, 'b: 'a>(pub Way<'a, 'b>, pub PhantomData<&'b ()>);
fn longer<'a, 'b>(slot: &Pair<'a, 'b>, value: &'b u32) {
    slot.0.0.set(Some(value))
}
pub fn pointer() -> fn(&Pair, &u32) {
    longer
}
