// SPDX-License-Identifier: Apache-2.0
//~ REX0302
#![no_std]
#[macro_export]
macro_rules! entry {
    ($name:ident) => {
        #[unsafe(naked)]
        pub extern "C" fn $name() {
            core::arch::naked_asm!("hlt")
        }
    };
}
