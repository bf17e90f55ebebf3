// SPDX-License-Identifier: Apache-2.0
//~ REX0311
#![no_std]
use core::{arch::x86_64::*, mem};
pub fn id() -> usize {
    mem::size_of_val(&__cpuid(0))
}
