// SPDX-License-Identifier: Apache-2.0
//~ REX0305
#![no_std]
macro_rules! with {
    ($brackets:tt) => {
        # $brackets
        pub fn plain() {}
    };
}
with!([instruction_set(arm::t32)]);
