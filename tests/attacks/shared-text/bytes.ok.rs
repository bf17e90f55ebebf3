// SPDX-License-Identifier: Apache-2.0
#![no_std]
use core::ffi::CStr;
pub fn from_utf8(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| byte.is_ascii_alphanumeric()).count()
}
pub fn units(character: char) -> u16 {
    character.encode_utf16(&mut [0; 2])[0]
}
pub fn escaped(byte: u8) -> usize {
    byte.escape_ascii().len()
}
pub fn is_request(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with("GET ".as_bytes()) && !bytes.eq_ignore_ascii_case(b"GET ")
}
pub fn constant() -> usize {
    let text: &CStr = c"a constant";
    text.to_str().map_or(0, |text| text.chars().count()) + from_utf8(text.to_bytes())
}
