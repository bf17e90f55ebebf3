// SPDX-License-Identifier: Apache-2.0
#![no_std]
// Where this is expanded, edition 2018 takes the backslash for an escape and goes on to the next quote.
#[macro_export]
macro_rules! text {
    () => {
        pub const TEXT: &core::ffi::CStr = cr"\";
    };
}
pub const END: &str = "\"";
