// SPDX-License-Identifier: Apache-2.0
//~ REX0322
#![no_std]
use core::ffi::CStr;
pub fn characters(bytes: &[u8]) -> usize {
    let Ok(text) = CStr::from_bytes_until_nul(bytes) else { return 0 };
    text.to_str().map_or(0, |text| text.chars().count())
}
