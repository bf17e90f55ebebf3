// SPDX-License-Identifier: Apache-2.0
#![no_std]
//! #![feature(never_type)]
pub fn feature(features: u32) -> u32 {
    features
}
#[cfg(feature = "fast")]
pub fn fast() {}
