// SPDX-License-Identifier: Apache-2.0
//~ REX0307
#![no_std]
#![deny(warnings, clippy::all)]
// Clippy's advice, which is an error here, must not keep the lint from its work.
pub fn none(guard: Option<&mut u32>) -> bool {
    let number = 0xabCD;
    core::mem::forget(held(number));
    return guard.is_none() == true;
}
struct Held(u32);
impl Drop for Held {
    fn drop(&mut self) {
        self.0 = 0;
    }
}
fn held(number: u32) -> Held {
    Held(number)
}
