// SPDX-License-Identifier: Apache-2.0
//~ REX0322
#![no_std]
use core::ffi::CStr;
use core::fmt::{self, Write};
pub fn show(bytes: &[u8], to: &mut dyn Write) -> fmt::Result {
    write!(to, "{:?}", CStr::from_bytes_with_nul(bytes))
}
