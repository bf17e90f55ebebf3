// SPDX-License-Identifier: Apache-2.0
#![no_std]
pub fn checked(n: u32) -> u32 { debug_assert!(n < 10); if cfg!(debug_assertions) { 0 } else { n } }
