// SPDX-License-Identifier: Apache-2.0
#![no_std]
#[doc(hidden)]
pub use core;
#[macro_export]
macro_rules! finish {
    ($value:expr) => {
        $crate::core::mem::forget($value)
    };
}
