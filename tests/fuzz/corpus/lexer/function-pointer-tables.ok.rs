// SPDX-License-Identifier: Apache-2.0
#![no_std]
pub enum Verdict {
    Pass,
    Drop,
}
pub struct State {
    pub count: u32,
}
pub type Handler = fn(&mut State, event: u32) -> Verdict;
pub type Fallible = fn(&[u8]) -> Result<u32, Error>;
#[derive(Clone, Copy)]
pub struct Error(pub u8);
fn pass(state: &mut State, _: u32) -> Verdict {
    state.count += 1;
    Verdict::Pass
}
fn drop_it(_: &mut State, _: u32) -> Verdict {
    Verdict::Drop
}
pub static TABLE: [Handler; 2] = [pass, drop_it];
pub static WRAPPING: [fn(u64, u64) -> u64; 2] = [u64::wrapping_add, u64::wrapping_mul];
pub struct Entry {
    pub run: fn(u32) -> Option<u32>,
    pub name: for<'a> fn(&'a str, &Error) -> &'a str,
    pub parse: Fallible,
}
pub fn dispatch(state: &mut State, event: u32) -> Verdict {
    TABLE[event as usize % 2](state, event)
}
pub fn apply(value: u32, function: impl Fn(&u32, &mut State) -> u32, state: &mut State) -> u32 {
    function(&value, state)
}
pub struct Stage<T, R> {
    pub run: fn(T) -> R,
}
pub fn compose<A, B, C>(first: fn(A) -> B, second: fn(B) -> C, value: A) -> C {
    second(first(value))
}
pub fn numbers() -> u32 {
    let double: fn(_) -> _ = |value: u32| value * 2;
    compose(double, u32::count_ones, 3)
}
pub fn text(choose: fn(&'static str) -> &'static [&'static str]) -> usize {
    choose("a").len()
}
