// SPDX-License-Identifier: Apache-2.0
//~ REX0302
#![no_std]
#[unsafe(naked)]
pub extern "C" fn memcpy() {
    core::arch::naked_asm!("hlt")
}
