// SPDX-License-Identifier: Apache-2.0
#![no_std]
pub struct Environment {
    pub env: u32,
}
pub fn env(env: &Environment) -> bool {
    env.env != 3 && "env!(\"HOME\")".len() > 3
}
pub fn call() -> bool {
    crate::env(&Environment { env: 1 })
}
