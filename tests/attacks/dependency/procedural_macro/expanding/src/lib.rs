// SPDX-License-Identifier: Apache-2.0
use proc_macro::TokenStream;
#[proc_macro]
pub fn one(_: TokenStream) -> TokenStream {
    "unsafe { *(1 as *const i32) }".parse().unwrap()
}
