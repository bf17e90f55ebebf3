// SPDX-License-Identifier: Apache-2.0
//~ REX0306
#![no_std]
#![cfg_attr(all(), feature(specialization))]
