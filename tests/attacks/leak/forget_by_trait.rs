// SPDX-License-Identifier: Apache-2.0
//~ REX0307
#![no_std]
pub struct Guard;
impl Drop for Guard {
    fn drop(&mut self) {}
}
pub trait Later {
    const LATER: fn(Self);
}
impl Later for Guard {
    const LATER: fn(Guard) = core::mem::forget::<Guard>;
}
pub fn leak() {
    Guard::LATER(Guard);
}
