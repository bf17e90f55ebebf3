#! /* not the operating system's line: the next token is a bracket
SPDX-License-Identifier: Apache-2.0 */ [no_std] pub fn read(a: *const u64) -> u64 { unsafe { *a } }
//~ REX0301
