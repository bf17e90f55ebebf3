// SPDX-License-Identifier: Apache-2.0
//~ REX0301
#![no_std]
pub unsafe trait Trusted {}
