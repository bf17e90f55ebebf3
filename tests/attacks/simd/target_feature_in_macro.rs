// SPDX-License-Identifier: Apache-2.0
//~ REX0311
#![no_std]
// Which attributes cfg_attr holds, only the macro's caller knows.
macro_rules! with {
    ($($condition_and_attribute:tt)*) => {
        #[cfg_attr($($condition_and_attribute)*)]
        pub fn plain() {}
    };
}
with!(all(), target_feature(enable = "sse2"));
