// SPDX-License-Identifier: Apache-2.0
//~ REX0307
#![no_std]
pub struct Guard;
impl Drop for Guard {
    fn drop(&mut self) {}
}
extern crate core as c;
pub fn leak() {
    c::mem::forget(Guard);
}
