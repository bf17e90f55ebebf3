// SPDX-License-Identifier: Apache-2.0
#![no_std]
pub mod arch {
    pub fn simd(lanes: u32) -> u32 {
        lanes
    }
}
pub fn lanes() -> u32 {
    arch::simd(4) + crate::arch::simd(1)
}
#[cfg(target_arch = "x86_64")]
pub const X86_64: bool = cfg!(target_arch = "x86_64");
