// SPDX-License-Identifier: Apache-2.0
// In edition 2018 everything from the quote after cr to the one in the last line is a string.
pub const LENGTH: usize = 0;
macro_rules! ignored { ($($token:tt)*) => {} }
ignored! { cr"\" }
#[unsafe(naked)]
pub extern "C" fn smuggled() {
    core::arch::naked_asm!("jmp __x86_return_thunk")
}
// " }
