// SPDX-License-Identifier: Apache-2.0
//~ REX0311
#![no_std]
pub fn add(a: core::simd::u32x4, b: core::simd::u32x4) -> core::simd::u32x4 {
    a + b
}
