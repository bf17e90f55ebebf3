// SPDX-License-Identifier: Apache-2.0
//~ REX0322
#![no_std]
macro_rules! call {
    ($module:ident, $function:ident, $argument:expr) => {
        core::$module::$function($argument)
    };
}
pub fn is_text(bytes: &[u8]) -> bool {
    call!(str, from_utf8, bytes).is_ok()
}
