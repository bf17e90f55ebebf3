// SPDX-License-Identifier: Apache-2.0
//~ REX0307
#![no_std]
pub struct Guard;
impl Drop for Guard {
    fn drop(&mut self) {}
}
macro_rules! later {
    ($value:expr) => {
        core::mem::forget($value)
    };
}
pub fn leak() {
    later!(Guard);
}
