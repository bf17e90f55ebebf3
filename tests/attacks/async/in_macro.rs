// SPDX-License-Identifier: Apache-2.0
//~ REX0324
#![no_std]
#[macro_export]
macro_rules! later { ($name:ident) => { pub async fn $name() {} } }
