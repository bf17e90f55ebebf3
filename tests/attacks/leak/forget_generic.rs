// SPDX-License-Identifier: Apache-2.0
//~ REX0307
#![no_std]
pub struct Guard;
impl Drop for Guard {
    fn drop(&mut self) {}
}
fn apply<F: Fn(Guard)>(function: F) {
    function(Guard)
}
pub fn leak() {
    apply(core::mem::forget);
}
