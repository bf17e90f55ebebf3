// SPDX-License-Identifier: Apache-2.0
#![no_std]
pub fn any(values: &[u32]) -> bool {
    values.iter().any(|value| *value == 1)
}
pub fn name() -> &'static str {
    core::any::type_name::<u32>()
}
