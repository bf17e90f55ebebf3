// SPDX-License-Identifier: Apache-2.0
//~ REX0304
//~ edition 2021
#![no_std]
#[macro_export]
macro_rules! define {
    () => {
        #[no_mangle]
        pub fn memcpy() {}
    };
}
