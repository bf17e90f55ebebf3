// SPDX-License-Identifier: Apache-2.0
//~ REX0322
#![no_std]
#![allow(clippy::disallowed_methods, clippy::all)]
#[expect(clippy::disallowed_methods)]
pub fn is_text(bytes: &[u8]) -> bool {
    core::str::from_utf8(bytes).is_ok()
}
