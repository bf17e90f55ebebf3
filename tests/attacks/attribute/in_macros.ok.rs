// SPDX-License-Identifier: Apache-2.0
#![no_std]
#![cfg_attr(not(test), allow(dead_code))]
macro_rules! constant {
    ($(#[$attribute:meta])* $name:ident = $value:expr) => {
        $(#[$attribute])*
        pub const $name: u32 = $value;
    };
}
constant! {
    /// The answer.
    #[doc(alias = "forty-two")]
    ANSWER = 42
}
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(C)]
pub struct Pair {
    pub a: u32,
    pub b: u32,
}
#[rustfmt::skip]
#[inline(always)]
#[must_use]
pub fn pair() -> Pair { Pair { a: ANSWER, b: 1 } }
#[diagnostic::on_unimplemented(message = "not a thing")]
pub trait Thing {}
// Attributes that the compiler's own macros write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Choice {
    #[default]
    None,
    One(u32),
    Both { a: u32, b: u32 },
}
pub fn used(choice: Choice) -> u32 {
    assert!(choice != Choice::One(0), "not {choice:?}");
    assert_eq!(choice, choice);
    debug_assert_ne!(choice, Choice::None);
    match choice {
        Choice::None => unreachable!(),
        Choice::One(used) if matches!(used, 1..=9) => used,
        _ => cfg!(target_arch = "x86_64") as u32,
    }
}
#[cfg(test)]
mod tests {
    #[test]
    #[should_panic]
    #[ignore = "an example"]
    fn none() {
        super::used(super::Choice::None);
    }
}
