// SPDX-License-Identifier: Apache-2.0
//~ REX0313
#![no_std]
extern crate core as base;
pub const SECRET: &str = base::env!("RUSTC_BOOTSTRAP");
