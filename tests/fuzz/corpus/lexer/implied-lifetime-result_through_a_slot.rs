// SPDX-License-Identifier: Apache-2.0
//~ REX0315
#![no_std]
use core::marker::PhantomData;
pub struct Promise<'b>(PhantomData<&'b ()>);
pub struct Slot<'a, 'b: 'a>(core::cell::Cell<Option<&'a u8>>, Promise<'b>);
pub fn longer<'a, 'b>(slot: &Slot<'a, 'b>, value: &'b u8) {
    slot.0.set(Some(value))
}
