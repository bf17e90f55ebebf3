// SPDX-License-Identifier: Apache-2.0
//~ REX0316
#![no_std]
pub trait Object<T> {
    type Output;
}
pub trait Local {
    type Of;
}
mod inner {
    pub type Alias = dyn super::Object<u8, Output = u8>;
}
use inner::Alias as Renamed;
impl Local for Renamed {
    type Of = u8;
}
