// SPDX-License-Identifier: Apache-2.0
//~ REX0307
#![no_std]
pub struct Guard;
impl Drop for Guard {
    fn drop(&mut self) {}
}
pub fn leak() {
    let new = core::mem::ManuallyDrop::new;
    let _kept = new(Guard);
}
