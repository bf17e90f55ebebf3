// SPDX-License-Identifier: Apache-2.0
//~ REX0322
#![no_std]
pub fn first(mut parts: core::slice::Chunks<'_, u8>) -> Option<&str> {
    parts.find_map(|part| Some(part).map(str::from_utf8).and_then(Result::ok))
}
