// SPDX-License-Identifier: Apache-2.0
//~ REX0307
#![no_std]
pub struct Guard;
impl Drop for Guard {
    fn drop(&mut self) {}
}
mod a {
    pub use core::mem::forget as later;
}
mod b {
    pub use super::a::*;
}
pub fn leak() {
    b::later(Guard);
}
