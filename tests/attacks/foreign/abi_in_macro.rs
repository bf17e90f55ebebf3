// SPDX-License-Identifier: Apache-2.0
//~ REX0303
#![no_std]
#[macro_export]
macro_rules! callback {
    ($abi:literal, $name:ident) => {
        pub extern $abi fn $name() {}
    };
}
