// SPDX-License-Identifier: Apache-2.0
#![no_std]
#[macro_export]
macro_rules! peek {
    ($address:expr) => {
        unsafe { *($address as *const u32) }
    };
}
