// SPDX-License-Identifier: Apache-2.0
//~ REX0307
#![no_std]
pub struct Guard;
impl Drop for Guard {
    fn drop(&mut self) {}
}
macro_rules! kept {
    ($name:ident) => {
        core::mem::$name::new(Guard)
    };
}
pub fn leak() {
    let _kept = kept!(ManuallyDrop);
}
