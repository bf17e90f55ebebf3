// SPDX-License-Identifier: Apache-2.0
//~ REX0301
#![no_std]
// Expanded in another crate, where lints do not look at it.
#[macro_export]
macro_rules! peek {
    ($address:expr) => {
        unsafe { *($address as *const u64) }
    };
}
