// SPDX-License-Identifier: Apache-2.0
//~ REX0312
#![no_std]
pub const SECRET: &str = include_str!("/etc/hostname");
