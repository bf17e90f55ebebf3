// SPDX-License-Identifier: Apache-2.0
//~ REX0304
//~ edition 2021
#![no_std]
#[export_name = "memcpy"]
pub fn copy() {}
