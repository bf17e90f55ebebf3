// SPDX-License-Identifier: Apache-2.0
//~ REX0310
#![no_std]
pub const ONE: u32 = 1. as u32;
