// SPDX-License-Identifier: Apache-2.0
#![no_std]
#![deny(warnings, clippy::all)]
pub fn none(guard: Option<&mut u32>) -> bool {
    let number = 0xabCD;
    drop(held(number));
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
