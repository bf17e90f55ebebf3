// SPDX-License-Identifier: Apache-2.0
//~ REX0308
#![no_std]
pub fn stop() -> ! {
    core::intrinsics::abort()
}
