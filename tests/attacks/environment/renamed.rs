// SPDX-License-Identifier: Apache-2.0
//~ REX0313
#![no_std]
use core::{env as variable, mem};
pub const HOME: &str = variable!("HOME");
pub const SIZE: usize = mem::size_of::<u32>();
