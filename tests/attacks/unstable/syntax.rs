// SPDX-License-Identifier: Apache-2.0
//~ REX0306
#![no_std]
pub fn block() -> Option<u32> {
    let value: Option<u32> = try { Some(1)? };
    value
}
