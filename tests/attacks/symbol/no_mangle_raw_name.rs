// SPDX-License-Identifier: Apache-2.0
//~ REX0304
//~ edition 2021
#![no_std]
#[r#no_mangle]
pub fn memcpy() {}
