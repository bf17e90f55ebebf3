// SPDX-License-Identifier: Apache-2.0
//~ REX0307
#![no_std]
#![allow(warnings, unknown_lints, clippy::all, clippy::restriction)]
#![forbid(clippy::pedantic)]
pub struct Guard;
impl Drop for Guard {
    fn drop(&mut self) {}
}
pub fn leak() {
    core::mem::forget(Guard);
}
