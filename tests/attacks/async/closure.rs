// SPDX-License-Identifier: Apache-2.0
//~ REX0324
#![no_std]
pub fn nothing() { let _ = async |x: u8| x; }
