// SPDX-License-Identifier: Apache-2.0
//~ REX0316
#![no_std]
macro_rules! implement {
    ($item:ident for $target:ident [$($bound:tt)*] $keyword:tt) => {
        impl<$target: $($bound)*> $item for $target {
            $keyword Output = u32;
        }
    };
}
pub trait Object {
    type Output;
}
implement!(Object for T [?Sized] type);
