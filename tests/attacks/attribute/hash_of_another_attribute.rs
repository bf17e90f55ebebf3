// SPDX-License-Identifier: Apache-2.0
//~ REX0305
#![no_std]
// The # was an allowed attribute's.
macro_rules! other {
    ($hash:tt $brackets:tt $($item:tt)*) => {
        $hash [collapse_debuginfo(yes)] $($item)*
    };
}
other! { #[cold] macro_rules! empty { () => {} } }
