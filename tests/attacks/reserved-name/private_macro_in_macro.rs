// SPDX-License-Identifier: Apache-2.0
//~ REX0321
#![no_std]
#[macro_export]
macro_rules! map {
    ($($item:tt)*) => { ::rex::__rex_map_static! { "anything" $($item)* } };
}
