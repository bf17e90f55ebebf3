// SPDX-License-Identifier: Apache-2.0
//~ REX0305
#![no_std]
macro_rules! with {
    (#[$attribute:meta]) => { with!($attribute); };
    ($attribute:meta) => { #[$attribute] pub fn plain() {} };
}
with!(sanitize(kcfi = "off"));
