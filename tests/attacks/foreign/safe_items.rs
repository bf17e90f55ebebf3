// SPDX-License-Identifier: Apache-2.0
//~ REX0303
#![no_std]
unsafe extern "C" {
    pub safe fn bpf_ktime_get_ns() -> u64;
}
