// SPDX-License-Identifier: Apache-2.0
//~ REX0304
#![no_std]
macro_rules! other {
    ($hash:tt $brackets:tt) => {
        $hash [used]
        pub static PROGRAM: u32 = 1;
    };
}
other!(#[cold]);
