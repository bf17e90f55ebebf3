// SPDX-License-Identifier: Apache-2.0
//~ REX0316
#![no_std]
pub trait Object<T> {
    type Output;
}
pub trait Local {
    type Of;
}
type Alias<T> = dyn Object<T, Output = T>;
impl Local for Alias<u8> {
    type Of = u8;
}
