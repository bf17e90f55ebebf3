// SPDX-License-Identifier: Apache-2.0
//~ REX0306
#![no_std]
#![feature(generic_const_exprs)]
