// SPDX-License-Identifier: Apache-2.0
//~ REX0312
#![no_std]
macro_rules! call {
    ($name:ident) => {
        $name!("/etc/hostname")
    };
}
pub const SECRET: &str = call!(include_str);
