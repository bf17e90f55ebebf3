// SPDX-License-Identifier: Apache-2.0
//~ REX0322
#![no_std]
use core::fmt::{self, Write};
// EscapeAscii's Display hands runs of the bytes to write_str as they lie in memory.
pub fn show(bytes: &[u8], to: &mut dyn Write) -> fmt::Result {
    write!(to, "{}", bytes.escape_ascii())
}
