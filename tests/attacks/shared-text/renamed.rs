// SPDX-License-Identifier: Apache-2.0
//~ REX0322
#![no_std]
use core::str::{self as text, from_utf8 as check};
pub fn both(bytes: &[u8]) -> bool {
    check(bytes).is_ok() && text::from_utf8(bytes).is_ok()
}
