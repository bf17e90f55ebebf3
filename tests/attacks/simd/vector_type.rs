// SPDX-License-Identifier: Apache-2.0
//~ REX0311
#![no_std]
use core::arch::x86_64::__m128i;
pub fn take(value: __m128i) -> __m128i {
    value
}
