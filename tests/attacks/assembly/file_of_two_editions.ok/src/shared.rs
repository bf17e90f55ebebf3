// SPDX-License-Identifier: Apache-2.0
pub const LENGTH: usize = "cr".len();
pub fn counted() -> usize {
    LENGTH
}
