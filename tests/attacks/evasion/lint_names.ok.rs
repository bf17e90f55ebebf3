// SPDX-License-Identifier: Apache-2.0
#![no_std]
#![allow(clippy::needless_return)]
#[allow(clippy::all)]
#[expect(clippy::identity_op, reason = "shown as written")]
pub fn one() -> u32 {
    return 1 + 0;
}
