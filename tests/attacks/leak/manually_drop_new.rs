// SPDX-License-Identifier: Apache-2.0
//~ REX0307
#![no_std]
pub struct Guard;
impl Drop for Guard {
    fn drop(&mut self) {}
}
pub fn leak() {
    let _kept = core::mem::ManuallyDrop::new(Guard);
}
