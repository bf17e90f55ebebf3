// SPDX-License-Identifier: Apache-2.0
//~ REX0304
#![no_std]
#[unsafe(no_mangle)]
pub fn memcpy() {}
