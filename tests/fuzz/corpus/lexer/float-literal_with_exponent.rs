// SPDX-License-Identifier: Apache-2.0
//~ REX0310
#![no_std]
pub const MILLION: u32 = 1e6 as u32;
