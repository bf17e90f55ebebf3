// SPDX-License-Identifier: Apache-2.0
//~ REX0316
//~ edition 2018
#![no_std]
#![allow(bare_trait_objects)]
pub trait Object { type Output; }
pub trait Marker { fn m(&self) {} }
impl Object for Marker { type Output = u8; }
