// SPDX-License-Identifier: Apache-2.0
//~ REX0322
#![no_std]
pub fn capitals(bytes: &mut [u8]) {
    if let Ok(text) = core::str::from_utf8_mut(bytes) {
        text.make_ascii_uppercase();
    }
}
