// SPDX-License-Identifier: Apache-2.0
//~ REX0312
#![no_std]
pub const SECRET: &[u8] = core::include_bytes!("/etc/hostname");
