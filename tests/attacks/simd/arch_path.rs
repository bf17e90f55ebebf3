// SPDX-License-Identifier: Apache-2.0
//~ REX0311
#![no_std]
pub fn pause() {
    let _ = core::arch::x86_64::__cpuid(0);
}
