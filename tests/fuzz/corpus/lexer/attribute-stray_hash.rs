// SPDX-License-Identifier: Apache-2.0
//~ REX0305
#![no_std]
// The macro puts # and the brackets together.
macro_rules! swap {
    ($brackets:tt $hash:tt $($item:tt)*) => {
        $hash $brackets $($item)*
    };
}
swap! { [panic_handler] # fn halt(_: &core::panic::PanicInfo) -> ! { loop {} } }
