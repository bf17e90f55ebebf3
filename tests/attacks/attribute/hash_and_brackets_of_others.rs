// SPDX-License-Identifier: Apache-2.0
//~ REX0305
#![no_std]
macro_rules! other {
    ($hash:tt $cold:tt $brackets:tt $($item:tt)*) => {
        $hash $brackets $($item)*
    };
}
other! { #[cold] [collapse_debuginfo(yes)] macro_rules! empty { () => {} } }
