// SPDX-License-Identifier: Apache-2.0
//~ REX0307
#![no_std]
pub struct Guard;
impl Drop for Guard {
    fn drop(&mut self) {}
}
#[allow(warnings, clippy::all, clippy::style, clippy::disallowed_methods)]
pub fn leak() {
    core::mem::forget(Guard);
}
