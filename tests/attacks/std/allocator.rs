// SPDX-License-Identifier: Apache-2.0
//~ REX0309
#![no_std]
pub struct Heap;
#[global_allocator]
static HEAP: Heap = Heap;
