// SPDX-License-Identifier: Apache-2.0
//~ REX0310
#![no_std]
#[macro_export]
macro_rules! scale {
    ($value:expr) => {
        ($value as f64 * 1.5) as u64
    };
}
