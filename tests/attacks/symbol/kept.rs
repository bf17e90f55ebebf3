// SPDX-License-Identifier: Apache-2.0
//~ REX0304
#![no_std]
#[used]
static KEPT: u32 = 1;
