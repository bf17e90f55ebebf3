// SPDX-License-Identifier: Apache-2.0
//~ REX0313
#![no_std]
macro_rules! call {
    ($name:ident) => {
        $name!("RUSTC_BOOTSTRAP")
    };
}
pub const SECRET: &str = call!(env);
