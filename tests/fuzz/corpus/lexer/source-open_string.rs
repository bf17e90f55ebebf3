// SPDX-License-Identifier: Apache-2.0
//~ REX0300
#![no_std]
pub const NAME: &str = "open;
