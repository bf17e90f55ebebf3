// SPDX-License-Identifier: Apache-2.0
//~ REX0315
#![no_std]
pub struct Two<'a, 'b>(pub &'a mut &'b u32);
