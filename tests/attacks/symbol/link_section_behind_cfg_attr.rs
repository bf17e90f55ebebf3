// SPDX-License-Identifier: Apache-2.0
//~ REX0304
//~ edition 2021
#![no_std]
#[cfg_attr(all(), cfg_attr(not(any()), link_section = ".text"))]
pub static CODE: [u8; 2] = [0x0f, 0x0b];
