// SPDX-License-Identifier: Apache-2.0
//~ REX0400 E0277
#![no_std]
pub struct Guard;
impl Drop for Guard {
    fn drop(&mut self) {}
}
// A cell that can be written through a shared reference is not Sync.
pub static KEPT: core::cell::OnceCell<Guard> = core::cell::OnceCell::new();
pub fn leak() {
    let _ = KEPT.set(Guard);
}
