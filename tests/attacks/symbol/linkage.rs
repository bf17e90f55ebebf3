// SPDX-License-Identifier: Apache-2.0
//~ REX0304
#![no_std]
#[linkage = "weak"]
pub fn weak() {}
