// SPDX-License-Identifier: Apache-2.0
//~ REX0311
#![no_std]
extern crate core as base;
pub fn id() -> u32 {
    base::arch::x86_64::__cpuid(0).eax
}
