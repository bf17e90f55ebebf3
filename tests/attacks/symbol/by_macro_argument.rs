// SPDX-License-Identifier: Apache-2.0
//~ REX0304
//~ edition 2021
#![no_std]
macro_rules! with {
    ($attribute:meta) => {
        #[$attribute]
        pub fn memcpy() {}
    };
}
with!(no_mangle);
