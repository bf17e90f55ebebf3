// SPDX-License-Identifier: Apache-2.0
//~ REX0302
#![no_std]
pub fn halt() {
    unsafe { core::arch::asm!("hlt") }
}
