// SPDX-License-Identifier: Apache-2.0
//~ REX0308
#![no_std]
extern crate core as base;
pub fn stop() -> ! {
    base::intrinsics::abort()
}
