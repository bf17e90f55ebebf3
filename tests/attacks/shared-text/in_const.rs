// SPDX-License-Identifier: Apache-2.0
//~ REX0322
#![no_std]
pub const CHECK: bool = core::str::from_utf8(b"text").is_ok();
