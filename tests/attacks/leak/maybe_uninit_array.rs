// SPDX-License-Identifier: Apache-2.0
//~ REX0307
#![no_std]
pub struct Guard;
impl Drop for Guard {
    fn drop(&mut self) {}
}
pub fn leak() {
    let mut places = [const { core::mem::MaybeUninit::<Guard>::uninit() }; 2];
    places[0].write(Guard);
}
