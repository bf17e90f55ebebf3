// SPDX-License-Identifier: Apache-2.0
#![no_std]
#[macro_export]
macro_rules! entry {
    ($name:ident) => {
        #[unsafe(naked)]
        #[unsafe(no_mangle)]
        pub extern "C" fn $name() {
            core::arch::naked_asm!("ud2")
        }
    };
}
