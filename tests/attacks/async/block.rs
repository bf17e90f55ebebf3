// SPDX-License-Identifier: Apache-2.0
//~ REX0324
#![no_std]
pub fn nothing() -> impl core::future::Future<Output = ()> { async {} }
