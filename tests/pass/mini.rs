// SPDX-License-Identifier: Apache-2.0
// Enough of core for the pass' test programs, so that they compile without one.
#[lang = "pointee_sized"]
pub trait PointeeSized {}
#[lang = "meta_sized"]
pub trait MetaSized: PointeeSized {}
#[lang = "sized"]
pub trait Sized: MetaSized {}
#[lang = "copy"]
pub trait Copy {}
#[lang = "sync"]
pub unsafe auto trait Sync {}
#[lang = "freeze"]
unsafe auto trait Freeze {}
#[lang = "legacy_receiver"]
pub trait LegacyReceiver {}
impl<T: PointeeSized> LegacyReceiver for &T {}
#[lang = "drop_in_place"]
unsafe fn drop_in_place<T: PointeeSized>(_: *mut T) {}
impl Copy for u8 {}
impl Copy for u32 {}
impl Copy for u64 {}
impl Copy for u128 {}
impl Copy for usize {}
impl<T: Copy, const N: usize> Copy for [T; N] {}
impl<T: PointeeSized> Copy for *mut T {}
impl<T: PointeeSized> Copy for &T {}

#[repr(C)]
pub struct Marker {
    pub magic: [u8; 16],
    pub name: &'static str,
    pub section: &'static str,
    pub entry: extern "C" fn(*mut u8) -> u32,
}
pub const MAGIC: [u8; 16] = *b"REXPROGRAMv1\0\0\0\0";

#[rustc_builtin_macro]
macro_rules! naked_asm {
    () => {};
}
