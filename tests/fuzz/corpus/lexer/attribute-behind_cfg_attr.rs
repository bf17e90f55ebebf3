// SPDX-License-Identifier: Apache-2.0
//~ REX0305
#![no_std]
#[cfg_attr(all(), inline, sanitize(kcfi = "off"))]
pub fn free() {}
