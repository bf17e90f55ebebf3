// SPDX-License-Identifier: Apache-2.0
//~ REX0312
#![no_std]
// The scan does not see include here; the compiler's list of files shows what it read.
macro_rules! call {
    ($name:ident) => {
        $name!("/dev/null");
    };
}
call!(include);
